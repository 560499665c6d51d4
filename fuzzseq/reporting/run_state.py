"""What has happened in a run so far, gathered from its events."""

from __future__ import annotations

import time
from collections.abc import Mapping

import attrs

from fuzzseq.events import (
    CaseExecuted,
    Event,
    FindingReported,
    InternalError,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    Unjudged,
    WarningEmitted,
)
from fuzzseq.findings import Finding, finding_id
from fuzzseq.outgoing import Outgoing
from fuzzseq.reporting.unjudged import held_back, unjudged_of
from fuzzseq.settings import OPTIONS, Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec


class RunState:
    """The state of a run, for reporters to read; a finding with a known id takes the old one's place.

    A run that was resumed is reported from the beginning: what an earlier run found of a target stays until a later one
    comes to the end of it, and goes then unless it was found again. ``superseded`` has the ids of what went.

    What it holds is fit to be shown, wherever an event comes from: each passes through :class:`Outgoing`.
    """

    def __init__(self) -> None:
        self.asked: tuple[str, ...] = ()
        self.settings: Settings | None = None
        self.started = ""
        self.specs: dict[str, Spec] = {}
        self._places: dict[str, int] = {}
        #: What each target ran on, by the names of the packages.
        self.versions_of: dict[str, Mapping[str, str]] = {}
        self.findings: dict[str, Finding] = {}
        self.superseded: list[str] = []
        self._earlier: set[str] = set()
        self.warnings: list[WarningEmitted] = []
        self.reports: dict[str, TargetReport] = {}
        self.tried: dict[str, int] = {}
        self.errors: list[InternalError] = []
        self.stop_reason: StopReason | None = None
        self.seconds = 0.0
        self.misuses: list[str] = []
        #: When the event of now happened, in seconds from the beginning of the run.
        self.now = 0.0
        self._began = time.monotonic()
        self._outgoing = Outgoing()

    @property
    def versions(self) -> dict[str, str]:
        """Return what the targets ran on, all of them together."""
        return {name: version for versions in self.versions_of.values() for name, version in versions.items()}

    def name(self, target: str) -> str:
        """Return how a target is called here, which may have been named by a longer path."""
        return self._outgoing.name(target)

    def on_event(self, event: Event, at: float | None = None) -> Event:
        """Take one event, which happens now, or ``at`` so many seconds after the run began; return it as it is fit."""
        event = self._told_apart(self._outgoing.event(event))
        self.now = time.monotonic() - self._began if at is None else at
        match event:
            case RunStarted():
                # What there is comes from an earlier run; what still holds of it is said again.
                self._earlier = set(self.findings)
                self.reports = {name: each for name, each in self.reports.items() if not each.stop_reason.resumable}
                self.warnings, self.errors = [], []
                self.stop_reason, self.seconds = None, 0.0
                self.asked, self.settings, self.started = event.targets, event.settings, event.started
            case TargetLoaded():
                self.specs[event.target] = event.spec
                self._places[event.target] = event.index
                self.versions_of[event.target] = event.versions
            case CaseExecuted():
                self.tried[event.target] = max(event.number, self.tried.get(event.target, 0))
            case FindingReported():
                if event.finding.id in self._earlier:  # In the order of this run, whatever the earlier one had.
                    self._earlier.discard(event.finding.id)
                    del self.findings[event.finding.id]
                self.findings[event.finding.id] = event.finding
            case WarningEmitted():
                self.warnings.append(event)
            case TargetFinished():
                self.reports[event.report.name] = event.report
                self._places[event.report.name] = event.report.index
                # What an earlier run found of a target that is done now, and this one did not find again, goes.
                done = set() if event.report.stop_reason.resumable else {event.report.name}
                gone = [id_ for id_ in self._earlier if self.findings[id_].target in done]
                self.findings = {id_: each for id_, each in self.findings.items() if id_ not in gone}
                self._earlier.difference_update(gone)
                self.superseded += gone
            case InternalError():
                self.errors.append(event)
            case RunFinished():
                self.stop_reason, self.seconds = event.stop_reason, event.seconds
            case _:
                pass
        return event

    def _told_apart(self, event: Event) -> Event:
        """Return an event; a finding gets another id where one of a target of another campaign has its own."""
        if not isinstance(event, FindingReported):
            return event
        finding, other = event.finding, self.findings.get(event.finding.id)
        if other is None or other.target == finding.target:
            return event
        own = f"{self.identity(finding.target)} as {finding.target}"
        id_ = finding_id(own, finding.check, finding.cause, finding.position)
        return FindingReported(finding=attrs.evolve(finding, id=id_))

    def identity(self, target: str) -> str:
        """Return the identity of a target; its name where it has none, as where it could not be loaded."""
        spec = self.specs.get(target)
        return (spec and spec.identity) or target

    def targets(self) -> tuple[TargetReport, ...]:
        """Return a report for each target that was loaded or finished; one that never finished stopped in error.

        As long as the run is not over, it is one that was interrupted.
        """
        cut_short = self.stop_reason in (StopReason.INTERRUPTED, None)
        stopped = StopReason.INTERRUPTED if cut_short else StopReason.ERROR
        return tuple(
            self.reports.get(name)
            or TargetReport(name=name, spec=self.specs[name], stop_reason=stopped, cases=self.tried.get(name, 0))
            for name in sorted(dict.fromkeys((*self.specs, *self.reports)), key=self.place)
        )

    def place(self, target: str) -> int:
        """Return where a target stands among those of the run, whenever it was done."""
        return self._places.get(target, -1)

    def of_target(self, name: str) -> tuple[Finding, ...]:
        """Return the findings of one target, in the order in which they were made."""
        return tuple(finding for finding in self.findings.values() if finding.target == name)

    def spec_of(self, finding: Finding) -> Spec:
        """Return the Spec of the target that a finding is of."""
        return self.specs.get(finding.target, Spec())

    def in_order(self) -> tuple[Finding, ...]:
        """Return all findings, target by target as those were asked for."""
        return tuple(sorted(self.findings.values(), key=lambda finding: self.place(finding.target)))

    def warnings_in_order(self) -> list[WarningEmitted]:
        """Return the warnings, target by target."""
        return sorted(self.warnings, key=lambda warned: self.place(warned.target))

    def errors_in_order(self) -> list[InternalError]:
        """Return the internal errors, target by target."""
        return sorted(self.errors, key=lambda error: self.place(error.target))

    def failing(self) -> tuple[Finding, ...]:
        """Return the findings that fail the run, in the order in which they were made."""
        settings = self.settings
        return tuple(finding for finding in self.findings.values() if settings is None or settings.fails(finding))

    def in_baseline(self) -> tuple[Finding, ...]:
        """Return the findings that the baseline holds."""
        settings = self.settings
        return tuple(finding for finding in self.findings.values() if settings is not None and settings.knows(finding))

    def fixed(self) -> tuple[str, ...]:
        """Return the ids of the baseline that were not found again, of the targets that were looked at to the end.

        One that only the inputs of another domain show is not fixed where there were none.
        """
        if self.settings is None:
            return ()
        known, domains = self.settings.baseline, self.settings.domains
        done = self.done()
        everything = len(done) == len(self.targets())
        return tuple(
            id_
            for id_, each in known.items()
            if id_ not in self.findings
            and each.domain in domains
            and (each.target in done if each.target else everything)
        )

    def done(self) -> set[str]:
        """Return the identities of the targets that every check of the profile that applies has looked at to the end.

        The end is that of its cases, or of so many as ``ci`` tries: a night out of time has seen enough with those.
        """
        if self.settings is None or self.settings.checks or self.settings.skip:
            return set()
        usual, most = (OPTIONS["max_cases"].usual_in(profile) for profile in (self.settings.profile, "ci"))
        enough = min(usual or most, most)
        ended = (StopReason.COMPLETED, StopReason.MAX_CASES, StopReason.BUDGET)
        return {
            self.identity(name)
            for name, report in self.reports.items()
            if report.stop_reason in ended and report.cases >= enough and not unjudged_of(report)
        }

    def unusable(self) -> Mapping[str, str]:
        """Return each target that could not be used, with the reason."""
        return {name: report.error for name, report in self.reports.items() if report.error}

    def inconclusive(self) -> tuple[Unjudged, ...]:
        """Return the checks that were asked for and never judged, target by target.

        Where there are any, a run that found nothing has not shown that there is nothing. A target that was left at so
        many failures as were asked for has shown what it was to show, unless none of them fails the run.
        """
        failing = {finding.target for finding in self.failing()}
        reports = self.targets()
        if not reports and not self.misuses:
            reports = tuple(
                TargetReport(name=name, spec=None, stop_reason=self.stop_reason or StopReason.INTERRUPTED)
                for name in self.asked
            )
        unended = "the run is not over yet, or was ended from outside" if self.stop_reason is None else ""
        return tuple(
            attrs.evolve(unjudged, reason=unended) if unended and report.name not in self.reports else unjudged
            for report in reports
            if not (report.stop_reason == StopReason.MAX_FAILURES and report.name in failing)
            for unjudged in unjudged_of(report)
        )

    def unsettled(self) -> tuple[Unjudged, ...]:
        """Return the checks that were never judged and that give the run an exit code of its own; none if allowed."""
        allowed = self.settings is not None and self.settings.allow_inconclusive
        return () if allowed else self.unexplained()

    def unexplained(self) -> tuple[Unjudged, ...]:
        """Return the checks that were never judged, without those that an error which is reported holds back."""
        reports = {report.name: report for report in self.targets()}
        return tuple(
            unjudged
            for unjudged in self.inconclusive()
            if unjudged.target not in reports
            or not held_back(reports[unjudged.target], unjudged.check, self.of_target(unjudged.target))
        )

    def with_severity(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings.values())

    def unclassified(self) -> int:
        """Return how many findings have no cause of the catalog."""
        return sum(finding.cause == "unclassified" for finding in self.findings.values())


def never_ran(report: TargetReport) -> tuple[str, ...]:
    """Return the checks that apply to a target, were not skipped, and yet ran on none of its cases."""
    return tuple(
        name
        for name, count in sorted(report.checks.items())
        if report.cases and not (count.ran or count.failed or count.not_applicable or count.skipped)
    )
