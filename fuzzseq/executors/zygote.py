"""The brain's side of the zygote: starting it, and asking it for workers. No TensorFlow here."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.outcome import STAGES, Frame, Stage
from fuzzseq.sources import frames_dumped, frames_told
from fuzzseq.wire import WHERE, Channel, Disconnected

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


class Zygote:
    """A fresh process that has imported TensorFlow and forks workers. Use as a context manager, or close it."""

    def __init__(self, device: str = "cpu") -> None:
        """Start importing TensorFlow; returns at once."""
        self.channel, theirs = Channel.pair()
        environment = {**_DEFAULTS, **os.environ}
        if device == "cpu":
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
        #: Whether the run is over: whatever dies from then on died of that.
        self.closed = False

    def wait_until_ready(self) -> None:
        """Wait for the import of TensorFlow; raises :class:`WorkerError` where it fails."""
        with self.channel.lock:
            if self._ready:
                return
            try:
                answer(self.channel, START_LIMIT)
            except Disconnected:
                if self.closed:
                    raise
                raise WorkerError(f"TensorFlow could not be imported in a worker: {self._tail()}") from None
            self._ready = True

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
        self._process.wait()
        self.channel.close()
        self._log.close()


class Process:
    """A process that was forked by another on request.

    It has a socket, a mark of its stage, a file for its output, and one for where it was when it died.
    """

    def __init__(self, parent: Channel, memory: int | None = None) -> None:
        """Ask ``parent`` to fork; the child's address space may grow by ``memory`` bytes."""
        self._parent = parent
        self.channel, theirs = Channel.pair()
        self._mark = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process; close() drops it)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (likewise)
        self._trace = tempfile.TemporaryFile()  # noqa: SIM115 (likewise)
        self._mark.write(b"\0")
        self._mark.flush()
        try:
            files = theirs.fileno(), *(file.fileno() for file in (self._mark, self._output, self._trace))
            with parent.lock:
                parent.send({"do": "fork", "memory": memory}, *files)
                self.pid: int = answer(parent, START_LIMIT)["pid"]
        except Exception:
            self._drop()
            raise
        finally:
            theirs.close()

    def ask(self, message: Any, limit: float) -> Any:
        """Return the answer to a command; raises :class:`Disconnected` on death, and ``TimeoutError``."""
        self.channel.send(message)
        return answer(self.channel, limit)

    def clear_output(self) -> None:
        """Forget what was printed."""
        os.ftruncate(self._output.fileno(), 0)
        os.lseek(self._output.fileno(), 0, os.SEEK_SET)

    @property
    def stage(self) -> Stage:
        """The stage that the process was in last."""
        return STAGES[os.pread(self._mark.fileno(), 1, 0)[0]]

    @property
    def output(self) -> str:
        """The tail of what it printed."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), 4096, max(0, size - 4096)).decode(errors="replace").replace("\0", "")

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
        """End the process and return its exit code, minus the signal where one ended it; None where nobody knows."""
        if kill:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.channel.close()
        try:
            with self._parent.lock:
                self._parent.send({"do": "wait", "pid": self.pid})
                code: int | None = answer(self._parent, 30.0)["exit"]
        except (Disconnected, TimeoutError):
            code = None
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


def answer(channel: Channel, limit: float) -> Any:
    """Wait for an answer and return its result; what it calls misuse or an internal error is raised."""
    deadline = time.monotonic() + limit
    while not select.select([channel], [], [], max(0.0, min(1.0, deadline - time.monotonic())))[0]:
        if time.monotonic() >= deadline:
            raise TimeoutError
    message, _ = channel.receive()
    if "misuse" in message:
        raise UsageError(message["misuse"])
    if "internal" in message:
        raise WorkerError(f"fuzzseq failed inside a worker:\n{message['internal']}")
    return message["ok"]
