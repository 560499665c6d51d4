"""``report.html``: a run as one page, for a person who was not there.

The page is one file: its style and its script stand in it, and its policy forbids every other source. View models, in
the modules here, say what is shown; the templates beside them say how. To see the page with other data, give
:func:`fuzzseq.reporting.html.page.rendered` another :class:`~fuzzseq.reporting.html.page.Page`.
"""

from __future__ import annotations

from typing import Final

from fuzzseq.events import Event
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.html.coverage import Coverage
from fuzzseq.reporting.html.page import Page, page_of, rendered
from fuzzseq.reporting.html.timeline import Timeline
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter

NAME: Final = "report.html"


class HtmlReport:
    """Writes ``report.html``."""

    def __init__(self, record: RunState, folder: Folder) -> None:
        self._coverage, self._timeline = Coverage(), Timeline(record)
        self._file = SnapshotWriter(record, folder, NAME, lambda record: rendered(self._page(record, folder)))

    def on_event(self, event: Event) -> None:
        """Take one event."""
        self._coverage.on_event(event)
        self._timeline.on_event(event)
        self._file.on_event(event)

    def _page(self, record: RunState, folder: Folder) -> Page:
        """Return what the page shows."""
        return page_of(record, self._coverage, self._timeline, folder.path)
