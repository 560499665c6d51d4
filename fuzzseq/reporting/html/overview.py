"""The run as a whole: how it went, in a word and in a sentence, and its circumstances."""

from __future__ import annotations

from fuzzseq import __version__
from fuzzseq.findings import Finding
from fuzzseq.protocol.outcome import SEVERITIES
from fuzzseq.reporting.html.timeline import clock
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import counted
from fuzzseq.stop_reason import StopReason


def ordered(record: RunState) -> list[Finding]:
    """Return the findings, the worst first, by target and in the order in which they were made."""
    return sorted(
        record.findings.values(), key=lambda found: (SEVERITIES.index(found.severity), record.place(found.target))
    )


def state_of(record: RunState) -> str:
    """Return how the run went: ``bad`` where something fails it, ``unsure`` (inconclusive), ``fair`` or ``good``."""
    if record.failing() or record.errors or record.stop_reason == StopReason.ERROR:
        return "bad"
    if record.inconclusive():
        return "unsure"
    usual = record.stop_reason in (StopReason.COMPLETED, StopReason.MAX_CASES, StopReason.BUDGET) and record.targets()
    return "good" if usual and not record.findings and not record.unusable() else "fair"


def summary_of(record: RunState) -> str:
    """Return the run in one sentence."""
    findings, targets = len(record.findings), len(record.targets())
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


def circumstances_of(record: RunState) -> list[tuple[str, str]]:
    """Return what a run was asked for and what it was made with, as names and values."""
    settings, reports = record.settings, record.targets()
    kinds = [
        (sum(report.cases or record.tried.get(report.name, 0) for report in reports), "case"),
        (sum(report.corpus_cases for report in reports), "corpus case"),
        (sum(report.edge_cases for report in reports), "edge case"),
        (sum(report.executions for report in reports), "execution"),
    ]
    executed = ", ".join(counted(count, name) for count, name in kinds if count)
    entries = [("targets", ", ".join(record.asked)), ("executed", executed)]
    if settings is not None:
        checks = ", ".join(settings.checks) or "profile default"
        entries += [
            ("profile", settings.profile),
            ("seed", str(settings.seed)),
            ("cases", f"{settings.max_cases} per target"),
            ("domains", ", ".join(settings.domains)),
            ("checks", f"{checks}, without {', '.join(settings.skip)}" if settings.skip else checks),
            ("budget", clock(settings.budget) if settings.budget is not None else ""),
            ("baseline", counted(len(settings.baseline), "finding") if settings.baseline else ""),
        ]
    versions = {"fuzzseq": __version__, **record.versions}
    entries.append(("versions", ", ".join(f"{name} {versions[name]}" for name in sorted(versions))))
    return [(name, value) for name, value in entries if value]
