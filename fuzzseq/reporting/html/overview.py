"""The run as a whole: its summary, circumstances, targets and checks, and how invalid input was handled."""

from __future__ import annotations

from collections import Counter

import attrs

from fuzzseq import __version__
from fuzzseq.causes.catalog import GROUPS
from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding
from fuzzseq.protocol.outcome import SEVERITIES
from fuzzseq.reporting.html.matrices import Matrix, acceptance_matrix, check_matrix, unasked
from fuzzseq.reporting.html.timeline import clock
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.stop_reason import StopReason


@attrs.frozen(kw_only=True)
class Target:
    """One target as a row: its cases in words, its findings by severity, how it stopped, and the notes about it."""

    name: str
    cases: str
    executions: int
    findings: tuple[tuple[str, int], ...]
    status: str
    unsure: bool
    time: str
    notes: tuple[str, ...]
    error: str


@attrs.frozen(kw_only=True)
class Overview:
    """The run as a whole; ``state`` is ``bad``, ``unsure`` (inconclusive), ``fair`` or ``good``.

    ``inconclusive`` says what was never judged, a sentence each.
    """

    state: str
    summary: str
    ending: str
    groups: tuple[tuple[str, str, int], ...]
    severities: tuple[tuple[str, int], ...]
    circumstances: tuple[tuple[str, str], ...]
    time: str
    started: str
    targets: tuple[Target, ...]
    checks: Matrix
    unasked: tuple[tuple[str, str], ...]
    acceptance: Matrix
    inconclusive: tuple[str, ...]


def ordered(record: RunState) -> list[Finding]:
    """Return the findings, the worst first, by target and in the order in which they were made."""
    return sorted(
        record.findings.values(), key=lambda found: (SEVERITIES.index(found.severity), record.place(found.target))
    )


def overview(record: RunState) -> Overview:
    """Return what is said of a run as it stands."""
    findings, reports = ordered(record), record.targets()
    unsure = {unjudged.target for unjudged in record.inconclusive()}
    groups = Counter(finding.group for finding in findings)
    return Overview(
        state=_state(record),
        summary=_summary(record, len(findings), len(reports)),
        ending=record.stop_reason.label if record.stop_reason else "still running, or killed",
        groups=tuple((name, said, groups[name]) for name, said in GROUPS.items() if groups[name]),
        severities=tuple((name, record.with_severity(name)) for name in SEVERITIES if record.with_severity(name)),
        circumstances=_circumstances(record),
        time=clock(record.seconds or round(record.now, 3)),
        started=record.started.replace("T", " ").replace("+00:00", " UTC"),
        targets=tuple(_target(report, record, report.name in unsure) for report in reports),
        checks=check_matrix(reports),
        unasked=unasked(reports),
        acceptance=acceptance_matrix(reports),
        inconclusive=sentences(record.inconclusive()),
    )


def _state(record: RunState) -> str:
    """Return how the run went, in one word: what fails it is bad, anything else worth a look is fair.

    One that is inconclusive is neither good nor bad.
    """
    if record.failing() or record.errors or record.stop_reason == StopReason.ERROR:
        return "bad"
    if record.inconclusive():
        return "unsure"
    usual = record.stop_reason in (StopReason.COMPLETED, StopReason.MAX_CASES, StopReason.BUDGET) and record.targets()
    return "good" if usual and not record.findings and not record.unusable() else "fair"


def counted(count: int, name: str) -> str:
    """Return a number of things: ``1 finding``, ``2 findings``."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def _summary(record: RunState, findings: int, targets: int) -> str:
    where = f"in {counted(targets, 'target')}" if targets else "and no target was loaded"
    tried = sum(record.tried.get(report.name, report.cases) for report in record.targets())
    known = len(record.in_baseline())
    baseline = f"; {'all' if known == findings else known} in the baseline" if known else ""
    severities = [(name, record.with_severity(name)) for name in SEVERITIES]
    found = " and ".join(counted(count, name) for name, count in severities if count) + f" {where}{baseline}"
    if not findings:
        found = f"No findings {where}, {counted(tried, 'case')} tried" if tried else ""
    unjudged = record.inconclusive()
    if not unjudged:
        return found
    checks, unseen = sum(bool(each.check) for each in unjudged), sum(not each.check for each in unjudged)
    parts = [f"no case of {counted(unseen, 'target')} was judged"] if unseen else []
    parts += [f"{counted(checks, 'check')} {'was' if checks == 1 else 'were'} never judged"] if checks else []
    allowed = " (allowed)" if record.settings is not None and record.settings.allow_inconclusive else ""
    unsure = " and ".join(parts) + allowed
    if record.failing():
        return f"{found}; {unsure}"
    return f"Inconclusive: {unsure}{f'; {found[:1].lower()}{found[1:]}' if found else ''}"


def _circumstances(record: RunState) -> tuple[tuple[str, str], ...]:
    settings, reports = record.settings, record.targets()
    kinds = [
        (sum(report.cases or record.tried.get(report.name, 0) for report in reports), "case"),
        (sum(report.corpus_cases for report in reports), "corpus case"),
        (sum(report.edge_cases for report in reports), "edge case"),
        (sum(report.executions for report in reports), "execution"),
    ]
    executed = ", ".join(counted(count, name) for count, name in kinds if count)
    told = [("targets", ", ".join(record.asked)), ("executed", executed)]
    if settings is not None:
        checks = ", ".join(settings.checks) or "profile default"
        told += [
            ("profile", settings.profile),
            ("seed", str(settings.seed)),
            ("cases", f"{settings.max_cases} per target"),
            ("domains", ", ".join(settings.domains)),
            ("checks", f"{checks}, without {', '.join(settings.skip)}" if settings.skip else checks),
            ("budget", clock(settings.budget) if settings.budget is not None else ""),
            ("baseline", counted(len(settings.baseline), "finding") if settings.baseline else ""),
        ]
    versions = {"fuzzseq": __version__, **record.versions}
    told.append(("versions", ", ".join(f"{name} {versions[name]}" for name in sorted(versions))))
    return tuple((name, value) for name, value in told if value)


def _target(report: TargetReport, record: RunState, unsure: bool) -> Target:
    spec = report.spec or record.specs.get(report.name)
    extra = ((report.corpus_cases, "corpus"), (report.edge_cases, "edge"))
    cases = [str(report.cases or record.tried.get(report.name, 0))]
    found = Counter(finding.severity for finding in record.of_target(report.name))
    over = report.name in record.reports
    return Target(
        name=report.name,
        cases=" + ".join((*cases, *(f"{count} {name}" for count, name in extra if count))),
        executions=report.executions,
        findings=tuple((name, found[name]) for name in SEVERITIES if found[name]),
        status=report.stop_reason.label if over else "unfinished",
        unsure=unsure,
        time=clock(report.seconds) if over else "",
        notes=spec.traits.notes if spec else (),
        error=report.error,
    )
