"""What an earlier run has done, from its events: told again, and gone on from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from fuzzseq.events import (
    Checkpoint,
    Event,
    FindingReported,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetState,
    WarningEmitted,
)
from fuzzseq.findings import Finding
from fuzzseq.outgoing import called, fit
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class TargetProgress:
    """A target that is not done: its Spec, how far the work had come, and what was known after stage 1."""

    spec: Spec
    state: TargetState
    stage_one: TargetState | None = None
    findings: tuple[Finding, ...] = ()


@attrs.define
class _Target:
    """What is known of one target as events are read."""

    loaded: TargetLoaded
    findings: dict[str, Finding] = attrs.field(factory=dict)
    warnings: dict[str, WarningEmitted] = attrs.field(factory=dict)
    begun: TargetProgress | None = None
    finished: TargetFinished | None = None


class ResumeState:
    """The targets that were done, and those that were begun. An empty one is that of a run that begins."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        """Read the events of a run, or of several that went on from each other."""
        self._targets: dict[str, _Target] = {}
        for event in events:
            self._read(event)

    def done(self) -> Mapping[str, StopReason]:
        """Return the targets that nothing is left to do for, and why each had stopped."""
        ended = {name: target.finished.report.stop_reason for name, target in self._targets.items() if target.finished}
        return {name: reason for name, reason in ended.items() if not reason.resumable}

    def is_done(self, name: str) -> bool:
        """Say whether nothing is left to do for a target, whose name in the log is as it left."""
        return called(name) in self.done()

    def events(self, name: str) -> tuple[Event, ...]:
        """Return what there is to tell of a target that was done."""
        target = self._targets[name]
        made = tuple(FindingReported(finding=finding) for finding in target.findings.values())
        last = (target.finished,) if target.finished else ()
        return (target.loaded, *made, *target.warnings.values(), *last)

    def begun(self, name: str, spec: Spec) -> TargetProgress | None:
        """Return how far a target had come that was not done; None where it begins anew, as a changed one does."""
        target = self._targets.get(called(name))
        if target is None or target.begun is None or target.begun.spec.contract != fit(spec).contract:
            return None
        return target.begun

    def _begin_again(self) -> None:
        """Go back to the checkpoints, as a run does that is resumed: what came after them is done and said again."""
        done = self.done()
        for target in (target for name, target in self._targets.items() if name not in done):
            kept = target.begun.findings if target.begun else ()
            target.findings = {finding.id: finding for finding in kept}
            target.warnings, target.finished = {}, None

    def _read(self, event: Event) -> None:
        """Take one event."""
        match event:
            case RunStarted():
                self._begin_again()
            case TargetLoaded():
                before = self._targets.get(event.target)
                if before is None or before.loaded.spec.contract != event.spec.contract:
                    self._targets[event.target] = _Target(event)
                else:
                    before.loaded = event
            case FindingReported() if target := self._targets.get(event.finding.target):
                target.findings[event.finding.id] = event.finding
            case WarningEmitted() if target := self._targets.get(event.target):
                target.warnings[event.message] = event
            case Checkpoint() if target := self._targets.get(event.target):
                state, found = event.state, tuple(target.findings.values())
                stage_one = target.begun.stage_one if target.begun else None
                if state.boundary and not state.rounds and not state.block:
                    stage_one = state
                target.begun = TargetProgress(spec=target.loaded.spec, state=state, stage_one=stage_one, findings=found)
            case TargetFinished() if target := self._targets.get(event.report.name):
                target.finished = event
            case _:
                pass
