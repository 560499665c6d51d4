"""The zygote: a fresh process that imports TensorFlow, runs nothing, and forks workers on request.

The controller starts it with one end of a socket. Each process that it forks, and each that those fork, serves the
same commands on a socket of its own: a fork that loads the user's file once becomes the parent of that file's keepers.
A keeper has one worker at a time and runs no code of the user's: it adopts what its worker leaves behind, and is all
that a model meets that kills or stops its parent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from fuzzseq.errors import FuzzseqError
from fuzzseq.object_text import text_of
from fuzzseq.process_tree import adopt, die_with_parent, end_descendants
from fuzzseq.protocol.transport import WHERE, Channel, Disconnected, Json, out_of_the_way
from fuzzseq.worker import untouched


def main() -> None:
    """Serve the socket whose descriptor is the first argument."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    die_with_parent()
    adopt()
    channel.question()  # It asks for nothing but a sign of life.
    try:
        from fuzzseq.worker import service, stages  # noqa: PLC0415 (TensorFlow takes seconds; the socket is there now)
    except FuzzseqError as error:
        channel.reply({"misuse": str(error)})
        return
    service.prefer_short_starts()
    service.prepare()
    # What TensorFlow made of objects at import stays for good: collections need not look at it, nor forks copy it.
    gc.freeze()
    channel.reply({"ok": {"ready": True}})
    _Process(channel, service.Service(stages.StageBeacon()), stages).serve()


class _Process:
    def __init__(self, channel: Channel, serving: Any, stages: Any) -> None:
        self._channel, self._serving, self._stages = channel, serving, stages
        #: How the children ended that nobody has asked for yet.
        self._ended: dict[int, int] = {}

    def serve(self) -> NoReturn:
        """Answer commands until the other side is gone. A forked child serves its own socket here as well."""
        while True:
            try:
                message, descriptors = self._channel.question()
                if message["do"] == "fork":
                    self._fork(message, descriptors)
                elif message["do"] == "wait":
                    with contextlib.suppress(ChildProcessError):
                        while (ended := untouched.wait(-1, os.WNOHANG))[0]:
                            self._ended[ended[0]] = os.waitstatus_to_exitcode(ended[1])
                    # Its exit code, or minus the signal that ended it; none where it has not ended.
                    self._channel.reply({"ok": {"exit": self._ended.pop(message["pid"], None)}})
                else:
                    self._channel.reply(self._serving.answer(message))
            except Disconnected:
                _leave_nothing()
            except SystemExit as error:
                untouched.leave(_exit_code(error))

    def _fork(self, message: Json, descriptors: list[int]) -> None:
        """Fork; the child goes on with a channel of its own, and ``memory`` bytes more than it has, or no limit."""
        pid = untouched.fork()
        if pid:
            for descriptor in descriptors:
                untouched.close(descriptor)
            self._channel.reply({"ok": {"pid": pid}})
            return
        self._channel.close()
        # A session of its own: what a model forks ends with it, and a model that kills its group or its session kills
        # nobody else.
        untouched.setsid()
        end, mark, output, trace = descriptors
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if message["role"] != "worker":
            adopt()
        if message["role"] == "keeper":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            signal.signal(signal.SIGTERM, _leave_nothing)
            die_with_parent(signal.SIGTERM)
        else:
            die_with_parent()
        untouched.dup2(output, 1)
        untouched.dup2(output, 2)
        untouched.close(output)
        end, mark, trace = out_of_the_way(end), out_of_the_way(mark), out_of_the_way(trace)
        # Written by a process that dies of a signal, or that is asked where it is: it needs no help of the interpreter.
        faulthandler.enable(file=trace)
        faulthandler.register(WHERE, file=trace)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if (budget := message.get("memory")) and (statm := Path("/proc/self/statm")).exists():
            most = int(statm.read_text().split()[0]) * resource.getpagesize() + budget
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        mark_of_stage = self._serving.mark = self._stages.StageBeacon(mark, trace)
        if message["role"] != "keeper":  # It runs nothing of the user's.
            mark_of_stage.watch_kills((untouched.getpid(), os.getppid()))
        self._channel, self._ended = Channel(socket.socket(fileno=end)), {}


def _leave_nothing(*_: object) -> NoReturn:
    end_descendants(untouched.getpid())
    untouched.leave(0)


def _exit_code(error: SystemExit) -> int:
    """Return the exit code that Python gives for an exception, and say what it says; no handler of the model's runs."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # Whatever a model has put there.
            stream.flush()
    code = error.code
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    untouched.write(2, text_of(code).encode(errors="replace"))
    return 1


if __name__ == "__main__":
    main()
