"""Whoever listens to a run: the terminal, the files of a finding, the reports.

To add a report format: write a module with a reporter of ``(record, folder)``, and name it here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fuzzseq.errors import UsageError, nearest

if TYPE_CHECKING:
    from fuzzseq.events import Reporter
    from fuzzseq.reporters.folder import Folder
    from fuzzseq.reporters.record import Record


def _json(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``report.json``."""
    from fuzzseq.reporters.json_report import JsonReport  # noqa: PLC0415 (a format is loaded when it is asked for)

    return JsonReport(record, folder)


def _ndjson(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``report.ndjson``."""
    from fuzzseq.reporters.ndjson_report import NdjsonReport  # noqa: PLC0415 (likewise)

    return NdjsonReport(record, folder)


def _junit(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``junit.xml``."""
    from fuzzseq.reporters.junit_report import JunitReport  # noqa: PLC0415 (likewise)

    return JunitReport(record, folder)


def _sarif(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``report.sarif``."""
    from fuzzseq.reporters.sarif_report import SarifReport  # noqa: PLC0415 (likewise)

    return SarifReport(record, folder)


def _markdown(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``report.md``."""
    from fuzzseq.reporters.markdown_report import MarkdownReport  # noqa: PLC0415 (likewise)

    return MarkdownReport(record, folder)


def _github(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``github.txt``, and of what GitHub reads on standard output."""
    from fuzzseq.reporters.github_report import GithubReport  # noqa: PLC0415 (likewise)

    return GithubReport(record, folder)


def _tests(record: Record, folder: Folder) -> Reporter:
    """Return the reporter of ``test_regressions.py``."""
    from fuzzseq.reporters.tests_report import TestsReport  # noqa: PLC0415 (likewise)

    return TestsReport(record, folder)


#: Every format of ``--report``, with what makes its reporter.
FORMATS: dict[str, Callable[[Record, Folder], Reporter]] = {
    "json": _json,
    "ndjson": _ndjson,
    "junit": _junit,
    "sarif": _sarif,
    "markdown": _markdown,
    "github": _github,
    "tests": _tests,
}


def format_named(name: str) -> Callable[[Record, Folder], Reporter]:
    """Return what makes the reporter of a format; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    if name not in FORMATS:
        raise UsageError(
            f"There is no report format {name!r}.{nearest(name, FORMATS)} Formats: {', '.join(FORMATS)}; "
            "what the terminal shows is always there."
        )
    return FORMATS[name]
