"""A report that is one file, written anew whenever there is more to tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from fuzzseq.events import Event, FindingReported, InternalError, RunFinished, TargetFinished
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState

#: A file that takes longer than so many seconds to write rests for so many times as long: a twentieth of the time.
_LONG: Final = 0.05
_REST: Final = 20


class SnapshotWriter:
    """Writes a file with each finding and each target that is done: a run that is killed leaves what it found.

    It is written for the last time when the run is over, or where something fails after that. One that takes long to
    write comes less often: ``fuzzseq report`` makes the rest of it, where the run was killed.
    """

    def __init__(self, record: RunState, folder: Folder, name: str, text: Callable[[RunState], str]) -> None:
        self._record, self._folder, self._name, self._text = record, folder, name, text
        self._next = 0.0

    def on_event(self, event: Event) -> None:
        """Take one event."""
        late = isinstance(event, InternalError) and self._record.stop_reason is not None
        due = isinstance(event, FindingReported | TargetFinished) and time.monotonic() >= self._next
        if late or due or isinstance(event, RunFinished):
            began = time.monotonic()
            self._folder.write(self._name, self._text(self._record))
            took = time.monotonic() - began
            self._next = began + took * (1 + _REST) if took > _LONG else 0.0
