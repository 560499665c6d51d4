"""What came of one check of one target, where each of them is a test: in pytest, and in JUnit's XML."""

from __future__ import annotations

from collections.abc import Sequence

from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding
from fuzzseq.reporting.unjudged import held_back, unjudged_text, why_unjudged
from fuzzseq.settings import Settings


def owner(finding: Finding, chosen: Sequence[str]) -> str:
    """Return the check whose test fails for a finding: the first that it broke, of those that are run."""
    return next((check for check in chosen if check in finding.checks), chosen[0])


def sentence_of(failing: Sequence[Finding]) -> str:
    """Return what a test says that fails with these findings: their causes, and what explains the first."""
    causes = ", ".join(dict.fromkeys(finding.cause for finding in failing))
    explained = failing[0].diagnosis.explanation or failing[0].message
    return f"{causes}: {explained}".splitlines()[0]


def inconclusive(
    report: TargetReport, check: str, findings: Sequence[Finding], chosen: Sequence[str], settings: Settings
) -> str:
    """Return what the test of a check says that is neither passed nor failed: it was never judged, and why.

    Empty where the check was judged, does not apply or was skipped; where a finding fails another test of the target,
    or may hold this one back, which is what there is to look at first; where an earlier test says the same of the
    target; and where the run allows it. :func:`why_not` says what is said then.
    """
    why = why_unjudged(report, check)
    reported = any(settings.fails(finding) for finding in findings) or held_back(report, check, findings)
    if not why or reported or settings.allow_inconclusive or _first_so(report, check, chosen) != check:
        return ""
    return f"inconclusive: {unjudged_text(report, check)}"


def _first_so(report: TargetReport, check: str, chosen: Sequence[str]) -> str:
    why = why_unjudged(report, check)
    return next((name for name in chosen if why_unjudged(report, name) == why), check)


def why_not(
    report: TargetReport, check: str, findings: Sequence[Finding], chosen: Sequence[str], settings: Settings
) -> str:
    """Return why a check was not run, or says nothing of its own; empty where it passed.

    ``findings`` are all of the target, ``chosen`` the checks that are tests of it.
    """
    failing = [finding for finding in findings if settings.fails(finding)]
    for finding in failing:
        if check in finding.checks:
            return f"failed too, see [{owner(finding, chosen)}]: {finding.cause}"
    if why := why_unjudged(report, check):
        if failing:
            return f"inconclusive, see [{owner(failing[0], chosen)}]: {why}"
        first = _first_so(report, check, chosen)
        return f"inconclusive: {why}" if first == check else f"inconclusive, as [{first}] is: {why}"
    count = report.checks.get(check)
    if count is None:
        return "skipped"
    if count.skipped:
        return f"skipped: {count.skipped}"
    return f"not applicable: {count.not_applicable}" if count.not_applicable else ""
