"""Whoever listens to a run: the terminal, the files of a finding, the reports."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from fuzzseq.errors import UsageError, nearest
from fuzzseq.files.report_formats import FORMATS

if TYPE_CHECKING:
    from fuzzseq.events import Reporter
    from fuzzseq.reporting.folder import Folder
    from fuzzseq.reporting.run_state import RunState


def format_named(name: str) -> Callable[[RunState, Folder], Reporter]:
    """Return what makes the reporter of a format; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    if name not in FORMATS:
        raise UsageError(
            f"There is no report format {name!r}.{nearest(name, FORMATS)} Formats: {', '.join(FORMATS)}; "
            "the terminal output is always shown."
        )
    wanted = FORMATS[name]

    def make(record: RunState, folder: Folder) -> Reporter:
        made: Reporter = import_module(f"fuzzseq.reporting.{wanted.module}").reporter(record, folder, wanted.file)
        return made

    return make
