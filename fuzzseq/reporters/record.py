"""What has happened in a run so far, gathered from its events."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.events import (
    Event,
    FindingMade,
    InternalError,
    RunFinished,
    RunStarted,
    Settings,
    StopReason,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    Warned,
)
from fuzzseq.findings import Finding
from fuzzseq.spec import Spec


class Record:
    """The state of a run, for reporters to read; a finding with a known id takes the old one's place."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asked: tuple[str, ...] = ()
        self.settings: Settings | None = None
        self.started = ""
        self.specs: dict[str, Spec] = {}
        self._places: dict[str, int] = {}
        self.versions: dict[str, str] = {}
        self.findings: dict[str, Finding] = {}
        self.warnings: list[Warned] = []
        self.reports: dict[str, TargetReport] = {}
        self.errors: list[InternalError] = []
        self.stop_reason: StopReason | None = None
        self.seconds = 0.0
        self.misuses: list[str] = []

    def on_event(self, event: Event) -> None:
        """Take one event."""
        match event:
            case RunStarted():
                self.asked, self.settings, self.started = event.targets, event.settings, event.started
            case TargetLoaded():
                self.specs[event.target] = event.spec
                self._places[event.target] = event.place
                self.versions.update(event.versions)
            case FindingMade():
                self.findings[event.finding.id] = event.finding
            case Warned():
                self.warnings.append(event)
            case TargetFinished():
                self.reports[event.report.name] = event.report
                self._places[event.report.name] = event.report.place
            case InternalError():
                self.errors.append(event)
            case RunFinished():
                self.stop_reason, self.seconds = event.stop_reason, event.seconds
            case _:
                pass

    def targets(self) -> tuple[TargetReport, ...]:
        """Return a report for each target that was loaded or finished; one that never finished stopped in error.

        As long as the run is not over, it is one that was interrupted.
        """
        stopped: StopReason = "interrupted" if self.stop_reason in ("interrupted", None) else "error"
        return tuple(
            self.reports.get(name) or TargetReport(name=name, spec=self.specs[name], stop_reason=stopped)
            for name in sorted(dict.fromkeys((*self.specs, *self.reports)), key=self.place)
        )

    def place(self, target: str) -> int:
        """Return where a target stands among those of the run, whenever it was done."""
        return self._places.get(target, -1)

    def of_target(self, name: str) -> tuple[Finding, ...]:
        """Return the findings of one target, in the order in which they were made."""
        return tuple(finding for finding in self.findings.values() if finding.target == name)

    def unusable(self) -> Mapping[str, str]:
        """Return each target that could not be used, with the reason."""
        return {name: report.error for name, report in self.reports.items() if report.error}

    def with_severity(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings.values())

    def unclassified(self) -> int:
        """Return how many findings have no cause of the catalogue."""
        return sum(finding.cause == "unclassified" for finding in self.findings.values())


def never_ran(report: TargetReport) -> tuple[str, ...]:
    """Return the checks that apply to a target, were not skipped, and yet ran on none of its cases."""
    return tuple(
        name
        for name, count in sorted(report.checks.items())
        if report.cases and not (count.ran or count.broken or count.not_applicable or count.skipped)
    )
