"""When a run gets its folder: as soon as there is something to report of a target, and not before."""

from __future__ import annotations

from fuzzseq.events import Event, InternalError, TargetFinished, TargetLoaded
from fuzzseq.reporting.folder import Folder


class Beginning:
    """Begins a folder that waits, when the first target was loaded or ended unseen, or fuzzseq itself failed.

    A run of which no target can be used leaves nothing, and the files of the run before it stay.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        ended_unseen = isinstance(event, TargetFinished) and not event.report.error
        if ended_unseen or isinstance(event, TargetLoaded | InternalError):
            self._folder.begin()
