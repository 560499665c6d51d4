"""Every format of a report.

To add one, write a module of ``fuzzseq.reporting`` with ``reporter(record, folder, file)``, and name it here.
"""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen
class Format:
    """The file that a format is written to, and the module that makes it, which is loaded when it is asked for."""

    file: str
    module: str


FORMATS: Final = {
    "json": Format("report.json", "json_report"),
    "html": Format("report.html", "html"),
    "markdown": Format("report.md", "markdown_report"),
    "junit": Format("junit.xml", "junit_report"),
    "sarif": Format("report.sarif", "sarif_report"),
    "ndjson": Format("report.ndjson", "ndjson_report"),
    "github": Format("github.txt", "github_report"),
    "tests": Format("test_regressions.py", "tests_report"),
}
