"""What a worker leaves where the controller can read it after the worker's death: its stage, and where it was."""

from __future__ import annotations

import contextlib
import mmap
import signal
import sys
from collections.abc import Collection

from fuzzseq.protocol.outcome import STAGES, Stage
from fuzzseq.worker import untouched


class StageBeacon:
    """The stage that is running, a byte in a file that outlives the process; and the traceback of one that exits."""

    def __init__(self, descriptor: int | None = None, trace: int | None = None) -> None:
        """Write to open files, or to nowhere: to the first through memory, whatever a model does to descriptors."""
        self._byte = None if descriptor is None else mmap.mmap(descriptor, 2)
        self._trace = trace
        self.current: Stage = "build"

    def enter(self, stage: Stage) -> None:
        """Say that a stage begins."""
        self.current = stage
        if self._byte is not None:
            self._byte[0] = STAGES.index(stage)

    def watch_kills(self, doomed: Collection[int]) -> None:
        """Note, from now on, that this process is about to kill itself, or processes that it hangs on: ``doomed``.

        Whoever finds it dead of SIGKILL knows then that nobody else did it.
        """
        mark, fatal, ours = self._byte, signal.SIGKILL, frozenset({-1, 0, *doomed, *(-pid for pid in doomed)})

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("os.kill", "os.killpg") and arguments[1] == fatal and arguments[0] in ours and mark:
                mark[1] = 1

        sys.addaudithook(watch)

    def leave(self, traceback: str) -> None:
        """Say where the process was when it ended itself."""
        if self._trace is not None:
            with contextlib.suppress(OSError):  # A model may have closed it.
                untouched.write(self._trace, traceback.encode(errors="backslashreplace"))
