"""``test_regressions.py``: a pytest file with a test for each finding, which passes once the model is fixed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import attrs

from fuzzseq.cases.case import Batch, Case
from fuzzseq.events import Event
from fuzzseq.findings import Finding
from fuzzseq.reporting.finding_view import title_of
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.locations import file_of, from_root
from fuzzseq.reporting.python_text import documented, literal, name_of
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.sanitize import shortened
from fuzzseq.settings import Settings

NAME: Final = "test_regressions.py"
#: The settings that a case may fail by, written where a run had others than usual.
_LIMITS: Final = ("custom_checks", "case_timeout", "memory", "device")
_HEAD: Final = '''\
"""Tests of what fuzzseq found: each fails as its finding does, and passes once the model is fixed.

Copy those that you want to keep into your test suite, and run them from the folder that fuzzseq was run in. A model
runs in a process of its own: a test takes some seconds, and one that crashes or hangs fails like any other.
"""
'''


def tests_text(record: RunState) -> str:
    """Return the tests of a run's findings as it stands, named by their ids; of ``fuzzseq`` they use public names."""
    findings = record.in_order()
    tests = [regression_of(finding, record.settings) for finding in findings]
    said = "".join(tests)
    names = [name for name in ("Batch", "Case", "Pair", "check_case") if f"{name}(" in said]
    lines = ["import pytest\n\n"] if "pytest." in said else []
    lines += [f"from fuzzseq import {', '.join(names)}\n"] if names else ["# Nothing was found.\n"]
    return f"{_HEAD}\n{''.join(lines)}{said}"


def regression_of(finding: Finding, settings: Settings | None = None) -> str:
    """Return the test of a finding, with two empty lines before it."""
    given = [literal(finding.target), "case", f"checks={literal(list(finding.checks))}"]
    usual = Settings(profile="", max_cases=0)
    for name in _LIMITS if settings else ():
        value = getattr(settings, name)
        if value != getattr(usual, name):
            given.append(f"{name}={literal(list(value) if isinstance(value, tuple) else value)}")
    body = [*_docstring(finding), *_skipped(finding), *_case(finding.case), f"check_case({', '.join(given)})"]
    name = name_of(finding.id)
    return f"\n\ndef test_{name}():\n" + textwrap.indent("\n".join(body), "    ") + "\n"


def _docstring(finding: Finding) -> Iterator[str]:
    """Yield what a test says of itself, the cause first."""
    found = finding.diagnosis
    line, file = finding.location, file_of(finding)
    where = f" ({from_root(file) or file.name}:{line.line})" if line is not None and file is not None else ""
    flaky = "A fresh process did not repeat the failure: this test may pass by chance." if finding.flaky else ""
    told = [f"{found.explanation or finding.message}{where}", f"Fix: {found.advice}" if found.advice else "", flaky]
    yield f'"""{documented(shortened(title_of(finding), 200))}.'
    for text in told:
        if text:
            plain = documented(shortened(text, 600))
            yield ""
            yield from textwrap.wrap(plain, 96, break_long_words=False, break_on_hyphens=False)
    yield '"""'


def _skipped(finding: Finding) -> Iterator[str]:
    """Yield the line that skips a test whose factory no other file can name."""
    if ":" not in finding.target:
        reason = f"{finding.target} was a closure or came from a notebook: name it below as file.py:name"
        yield f"pytest.skip({literal(reason)})"


def _case(case: Case) -> Iterator[str]:
    """Yield the minimal case as Python, without what is as usual."""
    yield "case = Case("
    for name, value in _told(case).items():
        if name == "batches":
            yield "    batches=("
            yield from (f"        {_batch(batch)}," for batch in value)
            yield "    ),"
        else:
            yield f"    {name}={literal(value)},"
    yield ")"


def _batch(batch: Batch) -> str:
    """Return a batch as Python."""
    rows = ", ".join(f"Pair({literal(pair.source)}, {literal(pair.target)})" for pair in batch.pairs)
    others = [f"{name}={literal(value)}" for name, value in _told(batch).items() if name != "pairs"]
    pairs = f"pairs=({rows}{',' if len(batch.pairs) == 1 else ''})"
    return f"Batch({', '.join((pairs, *others))})"


def _told(value: Case | Batch) -> dict[str, Any]:
    """Return the fields of a value that are not at their default."""
    told = {field.name: (getattr(value, field.name), field.default) for field in attrs.fields(type(value))}
    return {name: dict(now) if name == "dimensions" else now for name, (now, usual) in told.items() if now != usual}


class TestsReport:
    """Writes ``test_regressions.py``."""

    def __init__(self, record: RunState, folder: Folder) -> None:
        self._file = SnapshotWriter(record, folder, NAME, tests_text)

    def on_event(self, event: Event) -> None:
        """Take one event."""
        self._file.on_event(event)
