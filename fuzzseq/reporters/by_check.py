"""What came of one check of one target, where each of them is a test: in pytest, and in JUnit's XML."""

from __future__ import annotations

from collections.abc import Sequence

from fuzzseq.events import Settings, TargetReport
from fuzzseq.findings import Finding
from fuzzseq.reporters.summary_view import STOPS


def owner(finding: Finding, chosen: Sequence[str]) -> str:
    """Return the check whose test fails for a finding: the first that it broke, of those that are run."""
    return next((check for check in chosen if check in finding.checks), chosen[0])


def sentence_of(failing: Sequence[Finding]) -> str:
    """Return what a test says that fails with these findings: their causes, and what explains the first."""
    causes = ", ".join(dict.fromkeys(finding.cause for finding in failing))
    explained = failing[0].diagnosis.explanation or failing[0].message
    return f"{causes}: {explained}".splitlines()[0]


def why_not(
    report: TargetReport, check: str, findings: Sequence[Finding], chosen: Sequence[str], settings: Settings
) -> str:
    """Return why a check was not run, or says nothing of its own; empty where it held.

    ``findings`` are all of the target, ``chosen`` the checks that are tests of it.
    """
    failing = [finding for finding in findings if settings.fails(finding)]
    for finding in failing:
        if check in finding.checks:
            return f"broken by what [{owner(finding, chosen)}] tells of: {finding.cause}"
    count = report.checks.get(check)
    if count is None:
        unfinished = report.stop_reason in ("interrupted", "error")
        return f"not reached: {STOPS[report.stop_reason]}" if unfinished else "skipped"
    if count.skipped:
        return f"skipped: {count.skipped}"
    if count.not_applicable:
        return f"does not apply: {count.not_applicable}"
    if count.ran:
        return ""
    why = {"budget": ": out of time", "interrupted": ": interrupted"}.get(report.stop_reason, "")
    if not why and failing:
        why = f": see [{owner(failing[0], chosen)}]"
    return f"not reached in {report.cases} case{'' if report.cases == 1 else 's'}{why}"
