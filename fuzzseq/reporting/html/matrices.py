"""Tables of all targets: how often each check ran, and how each target handles invalid input."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Final

import attrs

from fuzzseq.cases.invalid import KINDS
from fuzzseq.events import CheckCount, TargetReport

#: How each way to take wrong input is drawn.
_ENDINGS: Final = {
    "rejected": "good",
    "rejected (unclear error)": "fair",
    "silently accepted": "poor",
    "crashed": "bad",
}


@attrs.frozen(kw_only=True)
class Matrix:
    """A table of targets by something: headings, and rows of a name and a cell for each target.

    ``reasons`` are those that cells refer to, each with its mark.
    """

    targets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    reasons: tuple[tuple[str, str], ...] = ()


def check_matrix(reports: Sequence[TargetReport]) -> Matrix:
    """Return how often each check ran on each target, or why it did not; those that no target was asked are left out.

    Reasons are long and few: a cell has a letter, and the reason stands below the table.
    """
    judged = [report for report in reports if report.checks]
    nowhere = {name for name, _ in _nowhere(reports)}
    names = [name for name in dict.fromkeys(name for report in judged for name in report.checks) if name not in nowhere]
    reasons: dict[str, str] = {}

    def mark(reason: str) -> str:
        number = len(reasons)
        return reasons.setdefault(reason, ascii_lowercase[number % 26] * (1 + number // 26))

    def cell(count: CheckCount | None) -> tuple[str, str]:
        if count is None:
            return "", "none"
        if reason := _reason(count):
            return f"not run ({mark(reason)})", "none"
        if count.errored:
            return f"errored on {count.errored} ({mark(count.blocked_by)})", "unsure"
        if count.failed:
            return f"failed {count.failed} of {count.ran}", "bad"
        if count.ran:
            return f"passed {count.ran}", "good"
        why = f" ({mark(count.blocked_by)})" if count.blocked_by else ""
        return f"never judged{why}", "unsure"

    rows = tuple((name, tuple(cell(report.checks.get(name)) for report in judged)) for name in names)
    return Matrix(
        targets=tuple(report.name for report in judged),
        rows=rows,
        reasons=tuple((mark, reason) for reason, mark in reasons.items()),
    )


def unasked(reports: Sequence[TargetReport]) -> tuple[tuple[str, str], ...]:
    """Return the checks that ran on no target for one reason, with the reason; those of a reason together."""
    together: dict[str, list[str]] = {}
    for name, reason in _nowhere(reports):
        together.setdefault(reason, []).append(name)
    return tuple((", ".join(names), reason) for reason, names in together.items())


def _nowhere(reports: Sequence[TargetReport]) -> list[tuple[str, str]]:
    judged = [report for report in reports if report.checks]
    found = []
    for name in dict.fromkeys(name for report in judged for name in report.checks):
        reasons = {_reason(report.checks[name]) for report in judged if name in report.checks}
        if len(reasons) == 1 and (reason := reasons.pop()):
            found.append((name, reason))
    return found


def _reason(count: CheckCount) -> str:
    return f"skipped: {count.skipped}" if count.skipped else count.not_applicable


def acceptance_matrix(reports: Sequence[TargetReport]) -> Matrix:
    """Return how each target handles invalid input."""
    judged = [report for report in reports if report.acceptance]
    rows = []
    for kind in KINDS:
        takes = [report.acceptance.get(kind.name, "") for report in judged]
        if any(takes):
            rows.append((kind.said, tuple((how, _ENDINGS.get(how, "none")) for how in takes)))
    return Matrix(targets=tuple(report.name for report in judged), rows=tuple(rows))
