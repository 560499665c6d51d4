"""A report that is one file, written anew whenever there is more to tell."""

from __future__ import annotations

from collections.abc import Callable

from fuzzseq.events import Event, FindingMade, InternalError, RunFinished, TargetFinished
from fuzzseq.reporters.folder import Folder
from fuzzseq.reporters.record import Record


class WholeFile:
    """Writes a file with each finding and each target that is done: a run that is killed leaves what it found.

    It is written for the last time when the run is over, or where something fails after that.
    """

    def __init__(self, record: Record, folder: Folder, name: str, text: Callable[[Record], str]) -> None:
        """Keep what is known of the run, where to write, the name of the file, and what gives its text."""
        self._record, self._folder, self._name, self._text = record, folder, name, text

    def on_event(self, event: Event) -> None:
        """Take one event."""
        late = isinstance(event, InternalError) and self._record.stop_reason is not None
        if late or isinstance(event, FindingMade | TargetFinished | RunFinished):
            self._folder.write(self._name, self._text(self._record))
