"""What a run has not shown: the checks that apply to a target and were judged on none of its cases, or not on all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fuzzseq.events import TargetReport, Unjudged
from fuzzseq.findings import Finding
from fuzzseq.sanitize import clean, shortened

#: Checks that are named before they are counted.
_NAMED: Final = 3


def why_unjudged(report: TargetReport, check: str) -> str:
    """Return what kept a check of a target from being judged on any case, or how its own code failed on one.

    Empty where it was judged on what there was, does not apply, or was not asked for, and where the target could not
    be used at all.
    """
    count = report.checks.get(check)
    if report.error or (count is None and report.checks):
        return ""
    if count is None:
        return report.stop_reason.before_any_case or "no case was judged"
    if count.errored:
        return count.blocked_by
    if count.judged or count.not_applicable or count.skipped:
        return ""
    return count.blocked_by or report.stop_reason.before_any_case or "no case had anything to compare"


def unjudged_of(report: TargetReport) -> tuple[Unjudged, ...]:
    """Return the checks of a target that were never judged, or one without a name where no case of it was judged."""
    if report.error:
        return ()
    reasons = {check: why for check in report.checks if (why := why_unjudged(report, check))}
    if report.checks and not reasons and not any(count.judged for count in report.checks.values()):
        return (Unjudged(target=report.name, check="", reason="no selected check applies to it"),)
    if not report.cases or not report.checks:
        why = next(iter(reasons.values()), "") or report.stop_reason.before_any_case or "no case was run"
        return (Unjudged(target=report.name, check="", reason=why, cases=report.cases),)
    return tuple(
        Unjudged(target=report.name, check=check, reason=why, cases=report.checks[check].errored)
        for check, why in reasons.items()
    )


def unjudged_text(report: TargetReport, check: str) -> str:
    """Return what a test of a check says that was not judged, and why; empty where there is nothing to say."""
    why = why_unjudged(report, check)
    count = report.checks.get(check)
    if why and count is not None and count.errored:
        return f"{check} errored on {counted(count.errored, 'case')} ({why})"
    return why and f"{check} was never judged ({why})"


def held_back(report: TargetReport, check: str, findings: Iterable[Finding]) -> bool:
    """Say whether a check that was tried and not reached is one that an error of the target may hold back.

    ``findings`` are those of the target. Such an error is reported, and is what there is to look at first; where it
    fails no run, as one of the baseline, neither does what it hides.
    """
    count = report.checks.get(check)
    errors = any(finding.severity == "error" and finding.domain == "ordinary" for finding in findings)
    return errors and count is not None and count.not_reached > 0


def unjudged_checks(unjudged: Iterable[Unjudged]) -> dict[str, tuple[str, ...]]:
    """Return the checks that were not judged by their target; none of one of which no case was judged."""
    found: dict[str, tuple[str, ...]] = {}
    for each in unjudged:
        found[each.target] = (*found.get(each.target, ()), *([each.check] if each.check else []))
    return found


def sentences(unjudged: Iterable[Unjudged]) -> tuple[str, ...]:
    """Return what was not judged, a sentence without its period for each target and reason.

    All of it may come from a model: it is short, and holds no control characters.
    """
    together: dict[tuple[str, str, int], list[str]] = {}
    for each in unjudged:
        together.setdefault((each.target, each.reason, each.cases), []).append(each.check)
    said = []
    for (target, reason, cases), checks in together.items():
        why = f"({shortened(reason, 200)})"
        if checks == [""] and cases:
            said.append(f"{clean(target)} was abandoned after {counted(cases, 'case')} {why}")
            continue
        if checks == [""]:
            said.append(f"no case of {clean(target)} was judged {why}")
            continue
        named = checks if len(checks) <= _NAMED + 1 else [*checks[:_NAMED], f"{len(checks) - _NAMED} more checks"]
        listed = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        failed = (
            f"errored on {counted(cases, 'case')} of"
            if cases
            else f"{'was' if len(checks) == 1 else 'were'} never judged on"
        )
        said.append(f"{listed} {failed} {clean(target)} {why}")
    return tuple(said)


def counted(count: int, name: str) -> str:
    """Return a number of things: ``1 finding``, ``2 findings``."""
    return f"{count} {name}{'' if count == 1 else 's'}"
