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
    told = [report for report in reports if report.checks]
    nowhere = {name for name, _ in _nowhere(reports)}
    names = [name for name in dict.fromkeys(name for report in told for name in report.checks) if name not in nowhere]
    reasons: dict[str, str] = {}
    rows = tuple((name, tuple(_check(report.checks.get(name), reasons) for report in told)) for name in names)
    return Matrix(
        targets=tuple(report.name for report in told),
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
    told = [report for report in reports if report.checks]
    found = []
    for name in dict.fromkeys(name for report in told for name in report.checks):
        reasons = {_reason(report.checks[name]) for report in told if name in report.checks}
        if len(reasons) == 1 and (reason := reasons.pop()):
            found.append((name, reason))
    return found


def _reason(count: CheckCount) -> str:
    return f"skipped: {count.skipped}" if count.skipped else count.not_applicable


def _check(count: CheckCount | None, reasons: dict[str, str]) -> tuple[str, str]:
    if count is None:
        return "", "none"
    if reason := _reason(count):
        return f"not run ({_mark(reason, reasons)})", "none"
    if count.errored:
        return f"errored on {count.errored} ({_mark(count.blocked_by, reasons)})", "unsure"
    if count.failed:
        return f"failed {count.failed} of {count.ran}", "bad"
    if count.ran:
        return f"passed {count.ran}", "good"
    why = f" ({_mark(count.blocked_by, reasons)})" if count.blocked_by else ""
    return f"never judged{why}", "unsure"


def _mark(reason: str, reasons: dict[str, str]) -> str:
    """Return the letter of a reason, the next one for a new reason."""
    number = len(reasons)
    return reasons.setdefault(reason, ascii_lowercase[number % 26] * (1 + number // 26))


def acceptance_matrix(reports: Sequence[TargetReport]) -> Matrix:
    """Return how each target handles invalid input."""
    told = [report for report in reports if report.acceptance]
    rows = []
    for kind in KINDS:
        takes = [report.acceptance.get(kind.name, "") for report in told]
        if any(takes):
            rows.append((kind.said, tuple((how, _ENDINGS.get(how, "none")) for how in takes)))
    return Matrix(targets=tuple(report.name for report in told), rows=tuple(rows))
