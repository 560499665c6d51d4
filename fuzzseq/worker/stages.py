"""What a worker leaves where the brain can read it after the worker's death: its stage, and where it was."""

from __future__ import annotations

import os

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

    def leave(self, traceback: str) -> None:
        """Say where the process was when it ended itself."""
        if self._trace is not None:
            os.write(self._trace, traceback.encode())
