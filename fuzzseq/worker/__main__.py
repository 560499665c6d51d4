"""The zygote: a fresh process that imports TensorFlow, runs nothing, and forks workers on request.

It is started by the brain with one end of a socket. Each process that it forks, and each that those fork, serves the
same commands on a socket of its own: a fork that loads the user's file once becomes the parent of that file's workers.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from fuzzseq.wire import WHERE, Channel, Disconnected

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    """Serve the socket whose descriptor is the first argument."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    _die_with_parent()
    from fuzzseq.worker import service, stages  # noqa: PLC0415 (TensorFlow takes seconds; the socket is there at once)

    service.prefer_short_starts()
    # What TensorFlow made of objects at import stays for good: collections need not look at it, nor forks copy it.
    gc.freeze()
    channel.send({"ok": {"ready": True}})
    _serve(channel, service.Service(stages.StageMark()), stages)


def _serve(channel: Channel, serving: Any, stages: Any) -> None:
    """Answer commands until the other side is gone. A forked child serves its own socket here, and never returns."""
    own = os.getpid()
    while True:
        try:
            message, descriptors = channel.receive()
            if message["do"] == "fork":
                channel, serving = _fork(channel, serving, stages, message, descriptors)
                own = os.getpid()
            elif message["do"] == "wait":
                channel.send({"ok": _reap(message["pid"], message["limit"])})
            else:
                answer = serving.answer(message)
                if os.getpid() != own:
                    os._exit(0)  # A fork that the model made, and that came back: it has nothing to say here.
                channel.send(answer)
        except Disconnected:
            os._exit(0)


def _fork(channel: Channel, serving: Any, stages: Any, message: Any, descriptors: list[int]) -> tuple[Channel, Any]:
    """Fork; return the parent's channel in the parent, and the child's own in the child."""
    end, mark, output, trace = descriptors
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send({"ok": {"pid": pid}})
        return channel, serving
    channel.close()
    # A group of its own: what a model forks ends with it, and a model that kills its group kills nobody else.
    os.setpgid(0, 0)
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    # Written by a process that dies of a signal, or that is asked where it is: it needs no help of the interpreter's.
    faulthandler.enable(file=trace)
    faulthandler.register(WHERE, file=trace)
    _limit_memory(message.get("memory"))
    serving._mark = stages.StageMark(mark, trace)
    serving._mark.watch_kills(os.getsid(0))
    return Channel(socket.socket(fileno=end)), serving


def _reap(pid: int, limit: float) -> dict[str, int | None]:
    """Return how a forked child ended: its exit code, or minus the signal that ended it; None where it goes on."""
    deadline = time.monotonic() + limit
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return {"exit": os.waitstatus_to_exitcode(status)}
            time.sleep(0.005)
    return {"exit": None}


def _limit_memory(budget: int | None) -> None:
    """Limit the address space to what the process has now and a budget in bytes; leave no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if budget and Path("/proc/self/statm").exists():
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + budget, now + budget))


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, where it can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


if __name__ == "__main__":
    main()
