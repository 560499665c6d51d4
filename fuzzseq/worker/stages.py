"""Which stage a worker is in, written where the brain can read it after the worker's death."""

from __future__ import annotations

import os

from fuzzseq.outcome import STAGES, Stage


class StageMark:
    """The stage that is running; a byte in a file that outlives the process."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Write to an open file, or to nowhere."""
        self._descriptor = descriptor
        self.current: Stage = "build"

    def enter(self, stage: Stage) -> None:
        """Say that a stage begins."""
        self.current = stage
        if self._descriptor is not None:
            os.pwrite(self._descriptor, bytes([STAGES.index(stage)]), 0)
