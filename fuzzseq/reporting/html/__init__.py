"""``report.html``: a run as one page, for a person who was not there.

The page is one file: its style and its script stand in it, and its policy forbids every other source. The templates ask
the findings, the state of the run, and the functions of the modules here.
"""

from __future__ import annotations

from functools import partial

from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.html.coverage import Coverage
from fuzzseq.reporting.html.page import html_text
from fuzzseq.reporting.html.timeline import Timeline
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter


def reporter(record: RunState, folder: Folder, file: str) -> SnapshotWriter:
    """Return what writes ``report.html``, and keeps what the record does not: the shapes tried, and when."""
    coverage, timeline = Coverage(), Timeline(record)
    text = partial(html_text, coverage=coverage, timeline=timeline, folder=folder.path)
    return SnapshotWriter(record, folder, file, text, listeners=(coverage, timeline))
