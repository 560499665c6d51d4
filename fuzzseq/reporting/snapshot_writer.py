"""A report that is one file, written anew whenever there is more to tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from fuzzseq.events import Event, FindingReported, InternalError, Reporter, RunFinished, TargetFinished
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState

#: A file that takes longer than so many seconds to write rests for so many times as long: a twentieth of the time.
_LONG: Final = 0.05
_REST: Final = 20


@attrs.define(eq=False)
class SnapshotWriter:
    """Writes a file with each finding and each target that is done: a run that is killed leaves what it found.

    It is written for the last time when the run is over, or where something fails after that. One that takes long to
    write comes less often: ``fuzzseq report`` makes the rest of it, where the run was killed.

    Attributes:
        record: What is known of the run.
        folder: Where to write.
        file: The name of the file.
        text: What gives its text.
        listeners: Who hears of each event before the file is written.
        at_end: What else is done with a run that is over.

    """

    record: RunState
    folder: Folder
    file: str
    text: Callable[[RunState], str]
    listeners: Sequence[Reporter] = attrs.field(default=(), kw_only=True)
    at_end: Callable[[RunState], None] | None = attrs.field(default=None, kw_only=True)
    _next: float = attrs.field(default=0.0, init=False)

    def on_event(self, event: Event) -> None:
        """Take one event."""
        for listener in self.listeners:
            listener.on_event(event)
        late = isinstance(event, InternalError) and self.record.stop_reason is not None
        due = isinstance(event, FindingReported | TargetFinished) and time.monotonic() >= self._next
        if late or due or isinstance(event, RunFinished):
            began = time.monotonic()
            self.folder.write(self.file, self.text(self.record))
            took = time.monotonic() - began
            self._next = began + took * (1 + _REST) if took > _LONG else 0.0
        if self.at_end and isinstance(event, RunFinished):
            self.at_end(self.record)
