"""``test_regressions.py``: a pytest file with a test for each finding, which passes once the model is fixed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import partial
from typing import Final

import attrs

from fuzzseq.cases.case import Batch, Case
from fuzzseq.findings import Finding
from fuzzseq.loading.references import is_reference
from fuzzseq.reporting.finding_view import title_of
from fuzzseq.reporting.locations import located
from fuzzseq.reporting.python_text import documented, literal, name_of
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.sanitize import shortened
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec

#: The settings that a case may fail by, written where a run had others than usual.
_LIMITS: Final = ("custom_checks", "custom_objects", "case_timeout", "memory", "device")
_HEAD: Final = '''\
"""Tests of what fuzzseq found: each fails as its finding does, and passes once the model is fixed.

Copy those that you want to keep into your test suite, and run them from the folder that fuzzseq was run in. A model
runs in a process of its own: a test takes some seconds, and one that crashes or hangs fails like any other.
"""
'''


def tests_text(record: RunState) -> str:
    """Return the tests of a run's findings as it stands, named by their ids; of ``fuzzseq`` they use public names."""
    findings = record.in_order()
    batches = [batch for finding in findings for batch in finding.case.batches]
    used = {"Batch": batches, "Case": findings, "Pair": any(batch.pairs for batch in batches), "check_case": findings}
    names = ", ".join(name for name, uses in used.items() if uses)
    lines = ["import pytest\n\n"] if not all(is_reference(each.target) for each in findings) else []
    lines += [f"from fuzzseq import {names}\n" if names else "# Nothing was found.\n"]
    return "".join((_HEAD, "\n", *lines, *(regression_of(f, record.spec_of(f), record.settings) for f in findings)))


def regression_of(finding: Finding, spec: Spec, settings: Settings | None = None) -> str:
    """Return the test of a finding, with two empty lines before it; its sizes are named as the factory names them."""
    case = attrs.evolve(finding.case, dimensions=spec.contract.written_sizes(finding.case.dimensions))
    given = [literal(finding.target), "case", f"checks={literal(list(finding.checks))}"]
    usual = Settings(profile="", max_cases=0)
    for name in _LIMITS if settings else ():
        value = getattr(settings, name)
        if value != getattr(usual, name):
            given.append(f"{name}={literal(list(value) if isinstance(value, tuple) else value)}")
    found, frame = finding.diagnosis, located(finding)
    where = f" ({frame.place})" if frame is not None else ""
    flaky = "A fresh process did not repeat the failure: this test may pass by chance." if finding.flaky else ""
    body = [f'"""{documented(shortened(title_of(finding), 200))}.']
    for text in (
        f"{found.explanation or finding.message}{where}",
        f"Fix: {found.advice}" if found.advice else "",
        flaky,
    ):
        wrapped = textwrap.wrap(documented(shortened(text, 600)), 96, break_long_words=False, break_on_hyphens=False)
        body += ["", *wrapped] if text else []
    body.append('"""')
    if not is_reference(finding.target):
        reason = f"{finding.target} was a closure or came from a notebook: name it below as file.py:name"
        body.append(f"pytest.skip({literal(reason)})")
    body += [*_case_lines(case), f"check_case({', '.join(given)})"]
    return f"\n\ndef test_{name_of(finding.id)}():\n" + textwrap.indent("\n".join(body), "    ") + "\n"


def _case_lines(case: Case) -> Iterator[str]:
    yield "case = Case("
    for name, value in _changed_fields(case).items():
        if name != "batches":
            yield f"    {name}={literal(value)},"
            continue
        yield "    batches=("
        for batch in case.batches:
            rows = ", ".join(f"Pair({literal(pair.source)}, {literal(pair.target)})" for pair in batch.pairs)
            parts = [f"pairs=({rows}{',' if len(batch.pairs) == 1 else ''})"]
            parts += [f"{key}={literal(each)}" for key, each in _changed_fields(batch).items() if key != "pairs"]
            yield f"        Batch({', '.join(parts)}),"
        yield "    ),"
    yield ")"


def _changed_fields(value: Case | Batch) -> dict[str, object]:
    """Return the fields of a value that are not at their default."""
    fields = {field.name: (getattr(value, field.name), field.default) for field in attrs.fields(type(value))}
    return {name: dict(now) if name == "dimensions" else now for name, (now, usual) in fields.items() if now != usual}


reporter: Final = partial(SnapshotWriter, text=tests_text)
