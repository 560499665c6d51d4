"""What a run leaves for another that resumes it: how far its events say it came, and its executions since then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Protocol

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
from fuzzseq.executors.executor import Executor
from fuzzseq.findings import Finding
from fuzzseq.outgoing import called, fit
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.serialization import dumps
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
    loaded: TargetLoaded
    findings: dict[str, Finding] = attrs.field(factory=dict)
    warnings: dict[str, WarningEmitted] = attrs.field(factory=dict)
    begun: TargetProgress | None = None
    finished: TargetFinished | None = None


class ResumeState:
    """The targets that were done, and those that were begun. An empty one is that of a run that begins."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
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

    def _read(self, event: Event) -> None:
        match event:
            case RunStarted():
                # A run that is resumed goes back to the checkpoints: what came after them is done and said again.
                done = self.done()
                for unfinished in (target for name, target in self._targets.items() if name not in done):
                    kept = unfinished.begun.findings if unfinished.begun else ()
                    unfinished.findings = {finding.id: finding for finding in kept}
                    unfinished.warnings, unfinished.finished = {}, None
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


class Journal(Protocol):
    """Keeps the outcomes of executions since the last checkpoint of each target; ``place`` is that of the target.

    Executions run ahead of events: what was kept before a checkpoint goes when its event is read.
    """

    def recall(self, place: int, key: str) -> Outcome | None:
        """Return the next outcome that an earlier part of the run had under a key, and drop it; None for no more."""

    def keep(self, place: int, key: str, outcome: Outcome) -> None:
        """Keep the outcome of an execution."""

    def mark(self, place: int) -> None:
        """Take note that the event of a checkpoint is emitted next."""


class Journaled:
    """An executor whose outcomes are kept, and that has an execution of an earlier part of the run no second time.

    What a run asks follows from what was answered before: with the same answers it asks the same again, up to where it
    was killed. Two equal requests are two executions (one of them may confirm the other), and are recalled in turn.
    """

    def __init__(self, executor: Executor, journal: Journal, place: int, target: str, spec: Spec) -> None:
        self._executor, self._journal, self._place = executor, journal, place
        self._own = hashlib.sha256(f"{target}\0{dumps(spec)}".encode())

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request within ``limit`` seconds, or recall the answer."""
        own = self._own.copy()
        own.update(f"\0{limit}\0{dumps(request)}".encode())
        key = own.hexdigest()[:24]
        outcome = self._journal.recall(self._place, key)
        if outcome is None:
            outcome = self._executor.run(request, limit)
            self._journal.keep(self._place, key, outcome)
        return outcome

    def renew(self) -> None:
        """Go on with a fresh worker."""
        self._executor.renew()

    def close(self) -> None:
        """Leave no process behind."""
        self._executor.close()
