"""``report.html``: a run as one page, for a person who was not there.

The page is one file: its style and its script stand in it, and its policy forbids every other source. View models, in
the modules here, say what is shown; the templates beside them say how. To see the page with other data, give
:func:`fuzzseq.reporters.html.page.rendered` another :class:`~fuzzseq.reporters.html.page.Page`.
"""

from __future__ import annotations

import time
from typing import Final

from fuzzseq.events import Event, FindingMade, InternalError, RunFinished, TargetFinished
from fuzzseq.reporters.folder import Folder
from fuzzseq.reporters.html.coverage import Coverage
from fuzzseq.reporters.html.page import page_of, rendered
from fuzzseq.reporters.html.timeline import Timeline
from fuzzseq.reporters.record import Record

NAME: Final = "report.html"
#: The page is written again when it has rested so many times as long as it took to write.
_REST: Final = 20


class HtmlReport:
    """Writes ``report.html`` with the first finding, now and then on the way, and at the end of a run.

    A run that is killed leaves the page of a little before; ``fuzzseq report`` makes the rest of it.
    """

    def __init__(self, record: Record, folder: Folder) -> None:
        """Keep what is known of the run, where to write, and what the record does not keep."""
        self._record, self._folder = record, folder
        self._coverage, self._timeline = Coverage(), Timeline(record)
        self._next = 0.0

    def on_event(self, event: Event) -> None:
        """Take one event."""
        self._coverage.on_event(event)
        self._timeline.on_event(event)
        late = isinstance(event, InternalError) and self._record.stop_reason is not None
        due = isinstance(event, FindingMade | TargetFinished) and time.monotonic() >= self._next
        if late or due or isinstance(event, RunFinished):
            self._write()

    def _write(self) -> None:
        """Write the page as it stands; it does not take more than a twentieth of a run's time."""
        began = time.monotonic()
        page = page_of(self._record, self._coverage, self._timeline, self._folder.path)
        self._folder.write(NAME, rendered(page))
        took = time.monotonic() - began
        self._next = began + took * (1 + _REST)
