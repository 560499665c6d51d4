"""What a worker leaves where the brain can read it after the worker's death: its stage, and where it was."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from fuzzseq.outcome import STAGES, Stage


class StageMark:
    """The stage that is running, a byte in a file that outlives the process; and the traceback of one that exits."""

    def __init__(self, descriptor: int | None = None, trace: int | None = None) -> None:
        """Write to open files, or to nowhere."""
        self._descriptor, self._trace = descriptor, trace
        self.current: Stage = "build"

    def enter(self, stage: Stage) -> None:
        """Say that a stage begins."""
        self.current = stage
        if self._descriptor is not None:
            os.pwrite(self._descriptor, bytes([STAGES.index(stage)]), 0)

    def watch_kills(self, root: int) -> None:
        """Say it, from now on, where this process is about to kill itself, its group, or those that it hangs on.

        Whoever finds it dead of SIGKILL knows then that nobody else did it. ``root`` is the process that all hang on.
        """
        descriptor, write = self._descriptor, os.pwrite
        doomed = {-1, 0, os.getpid(), os.getppid(), root}

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            fatal = event in ("os.kill", "os.killpg") and arguments[1] == signal.SIGKILL
            if fatal and (arguments[0] in doomed or -arguments[0] in doomed) and descriptor is not None:
                write(descriptor, b"\1", 1)

        sys.addaudithook(watch)

    def leave(self, traceback: str) -> None:
        """Say where the process was when it ended itself."""
        if self._trace is not None:
            os.write(self._trace, traceback.encode())
