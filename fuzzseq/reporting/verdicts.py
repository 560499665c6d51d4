"""What a target's checks came to, in short: what passed, what failed, and what does not apply and why."""

from __future__ import annotations

from collections.abc import Sequence

from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding
from fuzzseq.reporting.unjudged import counted
from fuzzseq.sanitize import clean, shortened


def outcome_of(report: TargetReport, findings: Sequence[Finding]) -> str:
    """Return in how many cases how many findings were made: ``2 findings in 30 cases``."""
    return f"{counted(len(findings), 'finding') if findings else 'no findings'} in {counted(report.cases, 'case')}"


def ending_of(report: TargetReport) -> str:
    """Return what ended the work on a target, and how long it took."""
    return f"{report.stop_reason.label}, {report.seconds:.1f} s"


def verdicts_of(report: TargetReport) -> list[tuple[str, str]]:
    """Return the checks that passed and on how many cases, those that failed, and each reason why others were not run.

    Each with its label.
    """
    counts = report.checks.items()
    together: dict[tuple[str, str], list[str]] = {}
    for check, count in sorted(counts, key=lambda each: -each[1].ran):
        if reason := count.skipped or count.not_applicable:
            label = "skipped" if count.skipped else "not applicable", f"({shortened(reason, 160)})"
        elif count.failed:
            label = "failed", f"({count.failed} of {counted(count.ran, 'case')})"
        elif count.ran:
            label = "passed", f"({counted(count.ran, 'case')})"
        else:
            continue
        together.setdefault(label, []).append(check)
    said: dict[str, list[str]] = {"passed": [], "failed": [], "not applicable": [], "skipped": []}
    for (verdict, more), checks in together.items():
        said[verdict].append(f"{', '.join(checks)} {more}")
    return [(verdict, clean("; ".join(texts))) for verdict, texts in said.items() if texts]
