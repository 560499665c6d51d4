"""One worker process, as the controller sees it: what it is asked, what it leaves behind, and how it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Collection
from typing import Final, Literal

from fuzzseq.executors.executor import signal_name
from fuzzseq.executors.zygote import Parent, Zygote, answer, end_group, order
from fuzzseq.process_tree import end_descendants, kept_waiting, state_of
from fuzzseq.protocol.outcome import STAGES, Frame, Stage
from fuzzseq.protocol.transport import WHERE, Channel, Disconnected, Json, Killed
from fuzzseq.protocol.user_frames import dumped_frames, traceback_frames
from fuzzseq.sanitize import masked

#: How long a process that hangs is asked where it is, in seconds, and how much of its answer is read, in bytes.
_ANSWER_LIMIT: Final = 0.5
_LONGEST_TRACE: Final = 200_000

#: How much a process may print before it is forgotten, in bytes.
_MOST_OUTPUT: Final = 8 * 2**20

#: How long a process whose socket is closed may take to end by itself, and one that was killed, in seconds.
_LAST_MOMENT: Final = 2.0
_END_LIMIT: Final = 10.0
#: How many times its limit a process is waited for beyond it that other programs keep from running.
_TIMES_THE_LIMIT: Final = 9


Role = Literal["loader", "keeper", "worker"]


class Process:
    """A process that was forked by another on request.

    It has a socket, a mark of its stage, a file for its output, and one for where it was when it died.
    """

    def __init__(self, zygote: Zygote, parent: Parent, role: Role, memory: int | None = None) -> None:
        """Ask ``parent``, which came from ``zygote``, to fork; the child's address space may grow by ``memory`` bytes.

        Raises :class:`Killed` where the parent is gone.
        """
        self._zygote, self._parent = zygote, parent
        self.lost = self._ended = False
        #: What it has started for all that come from it, as the import of a file may.
        self.helpers: Collection[int] = ()
        self.channel, theirs = Channel.pair()
        self._files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115 (as long as the process)
        self._mark, self._output, self._trace = self._files
        # For appending: what is written after it was cut is at its beginning.
        flags = fcntl.fcntl(self._output, fcntl.F_GETFL)
        fcntl.fcntl(self._output, fcntl.F_SETFL, flags | os.O_APPEND)
        self._mark.write(b"\0\0")
        self._mark.flush()
        try:
            files = theirs.fileno(), *(file.fileno() for file in self._files)
            with parent.channel.lock:  # Whoever looks for strays waits until the child is known.
                self.pid: int = order(parent, {"do": "fork", "role": role, "memory": memory}, *files)["pid"]
                zygote.groups.add(self.pid)
        except Exception:
            self._drop()
            raise
        finally:
            theirs.close()

    def ask(self, message: Json, limit: float, most: float = 0.0) -> Json:
        """Return the answer to a command; raises :class:`Disconnected` on death, and ``TimeoutError``.

        The seconds count in which the process had a CPU, or asked for none, where ``most`` is above the limit: a busy
        machine makes no hang. After so many it is over all the same, or after some times the limit.
        """
        before = kept_waiting(self.pid)
        longest = min(most - limit, limit * _TIMES_THE_LIMIT)

        def held_up() -> float:
            waits = (seconds - before.get(thread, 0.0) for thread, seconds in kept_waiting(self.pid).items())
            return max(0.0, min(longest, max(waits, default=0.0)))

        self.channel.ask(message, limit=limit)
        return answer(self.channel, limit, self._cut_output, held_up)

    @property
    def alive(self) -> bool:
        """Whether the process is there and runs."""
        return not self.lost and state_of(self.pid) == "running"

    def clear_output(self) -> None:
        """Forget what was printed."""
        os.ftruncate(self._output.fileno(), 0)

    def _cut_output(self) -> None:
        if os.fstat(self._output.fileno()).st_size > _MOST_OUTPUT:
            self.clear_output()

    @property
    def stage(self) -> Stage:
        """The stage that the process was in last."""
        number = (os.pread(self._mark.fileno(), 1, 0) or b"\0")[0]
        return STAGES[number if number < len(STAGES) else 0]

    @property
    def killed_itself(self) -> bool:
        """Whether the process was about to kill itself, or what it hangs on."""
        return os.pread(self._mark.fileno(), 1, 1) == b"\1"

    @property
    def output(self) -> str:
        """The tail of what it printed."""
        size = os.fstat(self._output.fileno()).st_size
        tail = os.pread(self._output.fileno(), 4096, max(0, size - 4096)).decode(errors="replace").replace("\0", "")
        # Half a word at its beginning might be half a secret.
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
        return traceback_frames(text) if text.startswith("Traceback") else dumped_frames(text)

    def end(self, kill: bool = True) -> int | None:
        """End the process and all that came from it, and return its exit code, minus the signal where one ended it.

        Where it is not to be killed, it gets a moment to end by itself; None says that it did not, or that it was ended
        before.
        """
        if self._ended:
            return None
        self._ended = True
        self.channel.close()
        code = None if kill else self._awaited(_LAST_MOMENT)
        end_descendants(self.pid)
        end_group(self.pid)
        if code is None:
            self._awaited(_END_LIMIT)
        self._zygote.groups.discard(self.pid)
        return code

    def death(self) -> Disconnected:
        """Return how the process ended that was found to be gone, with what it printed last; its files stay open."""
        code = self.end(kill=False)
        kind = Killed if code == -signal.SIGKILL and not self.killed_itself else Disconnected
        how = "no output" if code is None or code >= 0 else f"{signal_name(-code)}, no output"
        return kind(self.output.strip()[-300:] or how)

    def _awaited(self, limit: float) -> int | None:
        """Ask the parent how the process ended; None where it has not. It goes with its parent where that is gone."""
        deadline, pause = time.monotonic() + limit, 0.001
        while True:
            try:
                code: int | None = order(self._parent, {"do": "wait", "pid": self.pid})["exit"]
            except Disconnected:
                return -signal.SIGKILL
            if code is not None or time.monotonic() >= deadline:
                return code
            time.sleep(pause)
            pause = min(0.05, pause * 2)

    def close(self) -> None:
        """End the process and drop its files."""
        self.end()
        self._drop()

    def _drop(self) -> None:
        self.channel.close()
        for file in self._files:
            file.close()


class Worker(Process):
    """A process that runs models, below a keeper of its own: what it starts and leaves is ended with it."""

    def __init__(self, zygote: Zygote, parent: Parent, memory: int | None) -> None:
        """Have ``parent`` fork a keeper, and that one the worker; raises :class:`Killed` where one of them is gone."""
        self._above = parent
        self._keeper = Process(zygote, parent, "keeper")
        try:
            super().__init__(zygote, self._keeper, "worker", memory)
        except BaseException:
            self._keeper.close()
            raise

    @property
    def disturbed(self) -> str:
        """What has become of the keeper, which runs nothing, where it is not as it was: ``stopped`` or ``gone``."""
        state = state_of(self._keeper.pid)
        return "" if state == "running" else state

    def end(self, kill: bool = True) -> int | None:
        """End the worker, its keeper, and all that came from it; see :meth:`Process.end`."""
        orphaned = not self._ended and self.disturbed == "gone"
        code = super().end(kill)
        self._keeper.close()
        if orphaned:  # The keeper's parent has adopted what a keeper that was killed leaves.
            with self._above.channel.lock:
                end_descendants(self._above.pid, beside={*self._zygote.groups, *self._above.helpers})
        return code
