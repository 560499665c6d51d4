"""Every format of a report.

To add one, write a module of ``fuzzseq.reporting`` with ``reporter(record, folder, file)``, and name it here.
"""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen
class Format:
    """The module that makes a format, which is loaded when it is asked for, and the file that it is written to."""

    module: str
    file: str


FORMATS: Final = {
    "json": Format("json_report", "report.json"),
    "html": Format("html", "report.html"),
    "markdown": Format("markdown_report", "report.md"),
    "junit": Format("junit_report", "junit.xml"),
    "sarif": Format("sarif_report", "report.sarif"),
    "ndjson": Format("ndjson_report", "report.ndjson"),
    "github": Format("github_report", "github.txt"),
    "tests": Format("tests_report", "test_regressions.py"),
}
