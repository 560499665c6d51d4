"""The brain's side of the zygote: starting it, and asking it for workers. No TensorFlow here."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.executors.scratch import Scratch, remove_leftovers
from fuzzseq.outcome import STAGES, Frame, Stage
from fuzzseq.sanitize import masked
from fuzzseq.sources import frames_dumped, frames_told
from fuzzseq.wire import WHERE, Channel, Disconnected, Killed

#: How long the import of TensorFlow, or of a user's file, may take, in seconds.
START_LIMIT: Final = 300.0

#: What the body's environment holds unless the user's says otherwise. Each of glibc's arenas reserves 64 MiB of address
#: space, and each of TensorFlow's threads may take one: 420 MiB of a worker's limit were gone, or not, as threads met.
#: oneDNN's kernels of TensorFlow 2.21 corrupt the heap in a product of rank 4 by rank 2 (tensorflow issues 117700 and
#: 123109): a crash some cases later, or a wrong number, would be told of the model.
_DEFAULTS: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "MALLOC_ARENA_MAX": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}


#: How long a process that hangs is asked where it is, in seconds, and how much of its answer is read, in bytes.
_ANSWER_LIMIT: Final = 0.5
_LONGEST_TRACE: Final = 200_000

#: How much a process may print before it is forgotten, in bytes, and how often that is looked at, in seconds.
_MOST_OUTPUT: Final = 8 * 2**20
_LOOK_EVERY: Final = 0.2

#: How long a process whose socket is closed may take to end by itself, and one that was killed, in seconds.
_LAST_MOMENT: Final = 2.0
_END_LIMIT: Final = 10.0


class Zygote:
    """A fresh process that has imported TensorFlow and forks workers. Whoever begins one closes it."""

    def __init__(self, device: str = "cpu", path: Sequence[str] = ()) -> None:
        """Start importing TensorFlow; returns at once. ``path`` are folders that the user's files import from."""
        self._device, self._path = device, path
        # What a killed process had no time to take away: TensorFlow's generated code, and what a model writes.
        self._scratch = Scratch()
        self._reviving = threading.Lock()
        #: The processes that came from this one and were not ended yet, each with a group of its own.
        self.groups: set[int] = set()
        #: Whether the run is over: whatever dies from then on died of that.
        self.closed = False
        self._start()
        remove_leftovers()

    def _start(self) -> None:
        """Start the process."""
        self.channel, theirs = Channel.pair()
        environment = {**_DEFAULTS, **os.environ, "TMPDIR": self._scratch.path}
        if self._path:
            environment["PYTHONPATH"] = os.pathsep.join(self._path)
        if self._device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        else:
            environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process; close() drops it)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzzseq.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=environment,
            start_new_session=True,
        )
        theirs.close()
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait for the import of TensorFlow; raises :class:`WorkerError` where it fails.

        A process that is killed from outside while it imports is begun anew, once.
        """
        with self.channel.lock:
            for last in (False, True):
                if self._ready:
                    return
                try:
                    answer(self.channel, START_LIMIT)
                    self._ready = True
                except Disconnected:
                    if self.closed:
                        raise
                    if last or self._process.wait() != -signal.SIGKILL:
                        raise WorkerError(f"TensorFlow could not be imported in a worker: {self._tail()}") from None
                    self._restart()

    def revive(self) -> None:
        """Start anew where the process was ended, by a model or from outside; raises :class:`Disconnected` at the end.

        Whatever came from the one before is gone, or goes with it.
        """
        with self._reviving:
            if self.closed:
                raise Disconnected("the run is over")
            if self._process.poll() is None:
                return
            self._restart()
            self.wait_until_ready()

    def _restart(self) -> None:
        """Drop what is left of the process, and start another one."""
        self.channel.close()
        self._log.close()
        self._start()

    def _tail(self) -> str:
        """Return the last lines that the zygote printed."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it printed nothing"

    def close(self) -> None:
        """End the zygote and every process that came from it; whoever waits for one of them hears that it is gone."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for group in tuple(self.groups):
            end_group(group)
        self._process.wait()
        self.channel.close()
        self._log.close()
        self._scratch.close()


class Process:
    """A process that was forked by another on request.

    It has a socket, a mark of its stage, a file for its output, and one for where it was when it died.
    """

    def __init__(self, zygote: Zygote, parent: Channel, memory: int | None = None) -> None:
        """Ask ``parent``, which came from ``zygote``, to fork; the child's address space may grow by ``memory`` bytes.

        Raises :class:`Killed` where the parent is gone.
        """
        self._zygote, self._parent = zygote, parent
        self.channel, theirs = Channel.pair()
        self._mark = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process; close() drops it)
        # For appending: what is written after it was cut is at its beginning.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (likewise)
        flags = fcntl.fcntl(self._output, fcntl.F_GETFL)
        fcntl.fcntl(self._output, fcntl.F_SETFL, flags | os.O_APPEND)
        self._trace = tempfile.TemporaryFile()  # noqa: SIM115 (likewise)
        self._mark.write(b"\0")
        self._mark.flush()
        try:
            files = theirs.fileno(), *(file.fileno() for file in (self._mark, self._output, self._trace))
            with parent.lock:
                parent.send({"do": "fork", "memory": memory}, *files)
                self.pid: int = answer(parent, START_LIMIT)["pid"]
                zygote.groups.add(self.pid)
        except Disconnected:
            self._drop()
            raise Killed("its parent is gone") from None
        except Exception:
            self._drop()
            raise
        finally:
            theirs.close()

    def ask(self, message: Any, limit: float) -> Any:
        """Return the answer to a command; raises :class:`Disconnected` on death, and ``TimeoutError``."""
        self.channel.send(message)
        return answer(self.channel, limit, self._cut_output)

    def clear_output(self) -> None:
        """Forget what was printed."""
        os.ftruncate(self._output.fileno(), 0)

    def _cut_output(self) -> None:
        """Forget what a process has printed that prints without end."""
        if os.fstat(self._output.fileno()).st_size > _MOST_OUTPUT:
            self.clear_output()

    @property
    def stage(self) -> Stage:
        """The stage that the process was in last."""
        return STAGES[os.pread(self._mark.fileno(), 1, 0)[0]]

    @property
    def output(self) -> str:
        """The tail of what it printed, without half a word at its beginning, which might be half a secret."""
        size = os.fstat(self._output.fileno()).st_size
        tail = os.pread(self._output.fileno(), 4096, max(0, size - 4096)).decode(errors="replace").replace("\0", "")
        return masked(tail if size <= 4096 else "".join(tail.partition(" ")[1:]) or tail)

    def frames(self, *, running: bool = False) -> tuple[Frame, ...]:
        """Return where the process was in the user's code, outermost first; one that is ``running`` is asked.

        A process that does not answer in half a second, or that died without a word, was nowhere.
        """
        descriptor = self._trace.fileno()
        if running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, WHERE)
            deadline = time.monotonic() + _ANSWER_LIMIT
            while not os.fstat(descriptor).st_size and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.01)  # It is written line by line.
        text = os.pread(descriptor, _LONGEST_TRACE, 0).decode(errors="replace")
        return frames_told(text) if text.startswith("Traceback") else frames_dumped(text)

    def end(self, kill: bool = True) -> int | None:
        """End the process and all that it forked, and return its exit code, minus the signal where one ended it.

        Where it is not to be killed, it gets a moment to end by itself; None says that it did not.
        """
        self.channel.close()
        code = None if kill else self._awaited(_LAST_MOMENT)
        end_group(self.pid)
        if code is None:
            self._awaited(_END_LIMIT)
        self._zygote.groups.discard(self.pid)
        return code

    def death(self) -> Disconnected:
        """Return how the process ended that was found to be gone, with what it printed last; its files stay open."""
        code = self.end(kill=False)
        kind = Killed if code == -signal.SIGKILL else Disconnected
        return kind(self.output.strip()[-300:] or "no output")

    def _awaited(self, limit: float) -> int | None:
        """Ask the parent how the process ended; None where it has not. It goes with its parent where that is gone."""
        try:
            with self._parent.lock:
                self._parent.send({"do": "wait", "pid": self.pid, "limit": limit})
                code: int | None = answer(self._parent, limit + _END_LIMIT)["exit"]
        except TimeoutError:
            return None
        except Disconnected:
            return -signal.SIGKILL
        return code

    def close(self) -> None:
        """End the process and drop its files."""
        self.end()
        self._drop()

    def _drop(self) -> None:
        """Close our ends of what the process has."""
        self.channel.close()
        self._mark.close()
        self._output.close()
        self._trace.close()


def end_group(leader: int) -> None:
    """Kill a process and all of its group."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)


def answer(channel: Channel, limit: float, meanwhile: Callable[[], None] = lambda: None) -> Any:
    """Wait for an answer and return its result; what it calls misuse or an internal error is raised."""
    deadline = time.monotonic() + limit
    while not select.select([channel], [], [], max(0.0, min(_LOOK_EVERY, deadline - time.monotonic())))[0]:
        if time.monotonic() >= deadline:
            raise TimeoutError
        meanwhile()
    message, _ = channel.receive()
    if "misuse" in message:
        raise UsageError(message["misuse"])
    if "internal" in message:
        raise WorkerError(f"fuzzseq failed inside a worker:\n{message['internal']}")
    return message["ok"]
