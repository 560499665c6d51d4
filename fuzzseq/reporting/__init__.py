"""Whoever listens to a run: the terminal, the files of a finding, the reports.

To add a report format: write a module with a reporter of ``(record, folder)``, and name it here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from fuzzseq.errors import UsageError, nearest

if TYPE_CHECKING:
    from fuzzseq.events import Reporter
    from fuzzseq.reporting.folder import Folder
    from fuzzseq.reporting.run_state import RunState

#: Every format of ``--report``: the module of its reporter, which is loaded when it is asked for, and the class there.
FORMATS: Final = {
    "json": "json_report:JsonReport",
    "html": "html:HtmlReport",
    "markdown": "markdown_report:MarkdownReport",
    "junit": "junit_report:JunitReport",
    "sarif": "sarif_report:SarifReport",
    "ndjson": "ndjson_report:NdjsonReport",
    "github": "github_report:GithubReport",
    "tests": "tests_report:TestsReport",
}


def format_named(name: str) -> Callable[[RunState, Folder], Reporter]:
    """Return what makes the reporter of a format; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    if name not in FORMATS:
        raise UsageError(
            f"There is no report format {name!r}.{nearest(name, FORMATS)} Formats: {', '.join(FORMATS)}; "
            "the terminal output is always shown."
        )
    module, _, reporter = FORMATS[name].partition(":")

    def make(record: RunState, folder: Folder) -> Reporter:
        made: Reporter = getattr(import_module(f"fuzzseq.reporting.{module}"), reporter)(record, folder)
        return made

    return make
