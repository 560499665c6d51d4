"""When a run gets its folder: as soon as it has a target, and not before."""

from __future__ import annotations

from fuzzseq.events import Event, InternalError, TargetLoaded
from fuzzseq.reporters.folder import Folder


class Beginning:
    """Begins a folder that waits, when the first target was loaded or fuzzseq itself failed.

    A run of which no target can be used leaves nothing, and the files of the run before it stay.
    """

    def __init__(self, folder: Folder) -> None:
        """Keep the folder."""
        self._folder = folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, TargetLoaded | InternalError):
            self._folder.begin()
