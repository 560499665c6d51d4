"""A loaded file, held open as long as one of its targets is fuzzed."""

from __future__ import annotations

import threading

from fuzzseq.executors.launcher import LoadedProgram


class SharedFile:
    """A loaded file and how many of its targets are still to be fuzzed; it is closed after the last."""

    def __init__(self, body: LoadedProgram, targets: int) -> None:
        self.body, self._left, self._lock = body, targets, threading.Lock()

    def done(self) -> None:
        """Take note that one target is done."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.body.close()
