"""One fuzz target: cases in order, failures shrunk and diagnosed, findings merged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.case import Case
from fuzzseq.diagnosis import diagnose
from fuzzseq.edge import edge_cases
from fuzzseq.engine.boundary import boundary_cases, first_setting
from fuzzseq.engine.generation import random_cases
from fuzzseq.engine.known import KnownCases
from fuzzseq.engine.probe import OutOfTime, Probe
from fuzzseq.engine.provoking import acceptance
from fuzzseq.engine.tally import Tally
from fuzzseq.events import (
    CaseTried,
    Event,
    FailureSeen,
    FindingMade,
    Phase,
    Progress,
    Settings,
    StopReason,
    TargetReport,
    Warned,
)
from fuzzseq.executors.executor import Executor
from fuzzseq.findings import Finding, Proof
from fuzzseq.outcome import Outcome, Request, Verdict
from fuzzseq.serialization import dumps
from fuzzseq.shrink.order import size
from fuzzseq.shrink.reducer import reduce
from fuzzseq.signatures import signature
from fuzzseq.spec import Spec

#: How many different failures of one target are shrunk; more are said to be there, and left.
MOST_FAILURES = 40
_AFTER_OUTPUT: Final = ("loss", "gradient", "save")


class TargetRun:
    """The work on one target. Iterate over :meth:`events`; read :meth:`report` when it is over, in whatever way."""

    def __init__(
        self,
        name: str,
        spec: Spec,
        settings: Settings,
        executor: Executor,
        known: KnownCases,
        deadline: float | None,
        place: int = 0,
    ) -> None:
        """Begin with nothing tried."""
        self.name, self.spec, self._settings, self._place = name, spec, settings, place
        self._executor, self._known, self._deadline = executor, known, deadline
        self._tally = Tally(spec, settings)
        self._seen: set[str] = set()
        self._findings: dict[str, Finding] = {}
        self._pending: tuple[Case, Verdict] | None = None
        self._cases = self._known_cases = self._edge_cases = self._executions = 0
        self._unbuilt = self._ran = 0
        self._hung = False
        self._acceptance: dict[str, str] = {}
        self._usual = first_setting(spec)
        self._stop: StopReason = "completed"
        self._began = time.monotonic()

    def events(self) -> Iterator[Event]:
        """Try known cases, boundary cases and random cases, until the budget is spent."""
        for phase, case in self._schedule():
            if self._spent():
                break
            yield from self._try(phase, case)
        going_on = bool(self._ran) and self._stop != "maxfail"
        if "edge" in self._settings.domains and going_on:
            yield from self._edges()
        if "hostile" in self._settings.domains and going_on and not self._out_of_time():
            self._acceptance = acceptance(self.spec, self._settings.seed, self._executor)
            self._executions += len(self._acceptance)
        yield from self._warnings()

    def _edges(self) -> Iterator[Event]:
        """Try the edge cases by all checks; what they break is told apart, and is no error."""
        for case in edge_cases(self.spec, self._settings.seed):
            if self._out_of_time():
                return
            yield from self._try("edge", case)

    def _out_of_time(self) -> bool:
        """Say whether the time of the run is used up."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def report(self, stop: StopReason | None = None, error: str = "") -> TargetReport:
        """Return what came of the target."""
        return TargetReport(
            name=self.name,
            spec=self.spec,
            cases=self._cases,
            known_cases=self._known_cases,
            edge_cases=self._edge_cases,
            executions=self._executions,
            stop_reason=stop or self._stop,
            checks=self._tally.counts(),
            error=error,
            seconds=time.monotonic() - self._began,
            place=self._place,
            acceptance=self._acceptance,
        )

    def unfinished(self) -> Iterator[Event]:
        """Yield the finding of a failure whose shrinking was interrupted: as it was seen, and not minimal."""
        if self._pending is not None:
            case, verdict = self._pending
            self._pending = None
            proof = Proof(one_minimal=False, neighbours=0, executions=0)
            yield from self._merged(self._finding(case, verdict, proof, None, flaky=False))

    def _schedule(self) -> Iterator[tuple[Phase, Case]]:
        """Yield the cases in the order in which they are tried."""
        tried: set[str] = set()
        for check in self._tally.names:
            for case in self._known.of(check):
                if dumps(case) not in tried and case.domain in self._settings.domains:
                    tried.add(dumps(case))
                    yield "known", case
        for case in boundary_cases(self.spec, self._settings.seed):
            yield "boundary", case
        if self._cases and not self._ran:
            # What fails in every shape hides whatever else there is, and each case of it costs a build.
            self._stop = "nothing_runs"
            return
        round_ = 0
        while True:
            drawn = random_cases(self.spec, self._settings.seed, round_)
            if not drawn:
                return
            for case in drawn:
                yield "random", case
            round_ += 1

    def _spent(self) -> bool:
        """Say whether the cases or the time are used up, and remember which."""
        if self._out_of_time():
            self._stop = "budget"
        elif self._enough():
            self._stop = "maxfail"
        elif self._cases >= self._settings.max_cases:
            self._stop = "max_cases"
        else:
            return False
        return True

    def _enough(self) -> bool:
        """Say whether as many errors were found as the run asks for at most."""
        most = self._settings.maxfail
        return most is not None and sum(f.severity == "error" for f in self._findings.values()) >= most

    def _try(self, phase: Phase, case: Case) -> Iterator[Event]:
        """Try one case by all checks, and follow up each failure that is new."""
        usual = phase == "random" or case.dimensions == self._usual
        if phase == "known":
            asked = self._tally.names
        elif phase == "edge":
            asked = self._tally.at_edge(case)
        else:
            asked = self._tally.asked_of(case, self._cases, self.spec, usual)
        outcome = self._run(Request(case=case, checks=asked))
        self._count(phase, outcome)
        failures = outcome.failures()
        yield CaseTried(
            target=self.name,
            phase=phase,
            number={"known": self._known_cases, "edge": self._edge_cases}.get(phase, self._cases),
            total=self._settings.max_cases,
            failed=bool(failures),
        )
        if phase == "known":
            self._forget(case, failures)
        for verdict in failures:
            if signature(verdict) not in self._seen and not self._enough():
                self._seen.add(signature(verdict))
                yield from self._follow_up(case, verdict)

    def _run(self, request: Request) -> Outcome:
        """Execute a request; where a hang is known, the next is waited for a quarter of the time, unless it is new."""
        self._executions += 1
        if self._hung:
            outcome = self._executor.run(request, limit=self._settings.case_timeout / 4)
            if all(signature(verdict) in self._seen for verdict in outcome.failures()) or outcome.ending != "hung":
                return outcome
        outcome = self._executor.run(request)
        self._hung |= outcome.ending == "hung"
        return outcome

    def _count(self, phase: Phase, outcome: Outcome) -> None:
        """Count a case; known ones apart, so that what is left of the budget is the same with and without them."""
        if phase == "known":
            self._known_cases += 1
            return
        if phase == "edge":
            self._edge_cases += 1
            return
        self._cases += 1
        self._tally.add(outcome)
        failures = outcome.failures()
        self._unbuilt += any(v.stage == "build" for v in failures)
        self._tally.untraceable |= any(v.raised is not None and v.raised.mode == "graph" for v in failures)
        self._ran += not any(v.status == "raised" and v.stage not in _AFTER_OUTPUT for v in failures)

    def _forget(self, case: Case, failures: tuple[Verdict, ...]) -> None:
        """Drop a known case from the checks that it breaks no more."""
        broken = {verdict.check for verdict in failures}
        for check in self._tally.names:
            if check not in broken:
                self._known.forget(check, case)

    def _follow_up(self, case: Case, verdict: Verdict) -> Iterator[Event]:
        """Shrink a new failure, confirm it in a fresh worker, diagnose it, and yield its finding."""
        yield FailureSeen(target=self.name, check=verdict.check, signature=signature(verdict), message=verdict.message)
        if len(self._seen) > MOST_FAILURES:
            return
        self._pending = (case, verdict)
        probe = Probe(self._executor, verdict, self._deadline)
        try:
            minimal, proof = self._shrunk(case, probe)
            yield Progress(target=self.name, phase="shrink", executions=probe.executions)
            flaky = probe.again(minimal) != "same"
            told = probe.verdict(minimal) if not flaky else verdict
            finding = self._finding(minimal, told or verdict, proof, probe, flaky)
            yield Progress(target=self.name, phase="diagnose", executions=probe.executions)
        except OutOfTime:
            yield from self.unfinished()
            return
        finally:
            self._executions += probe.executions
        self._pending = None
        self._tally.broken.add(verdict.check)
        if not flaky:
            self._known.keep(verdict.check, minimal)
        yield from self._merged(finding)

    def _shrunk(self, case: Case, probe: Probe) -> tuple[Case, Proof]:
        """Return the minimal case with its proof; where the failure does not even repeat, the case as it is."""
        if probe.again(case) != "same":
            return case, Proof(one_minimal=False, neighbours=0, executions=probe.executions)
        reduced = reduce(case, self.spec, probe.fails, max_executions=self._settings.max_shrinks)
        return reduced.case, reduced.proof

    def _finding(self, case: Case, verdict: Verdict, proof: Proof, probe: Probe | None, flaky: bool) -> Finding:
        """Return the finding of a minimal case."""
        return diagnose(
            target=self.name, spec=self.spec, case=case, verdict=verdict, proof=proof, prober=probe, flaky=flaky
        )

    def _merged(self, finding: Finding) -> Iterator[Event]:
        """Merge a finding with an earlier one of the same cause and place, and yield it if that changed something."""
        before = next((f for f in self._findings.values() if _alike(f, finding)), None)
        if before is not None and before.domain != finding.domain:
            return  # An edge that shows what an ordinary case has shown says nothing more.
        if before is not None:
            names = {check.name: None for check in self._tally.chosen}
            checks = tuple(name for name in names if name in {*before.checks, *finding.checks})
            smaller = min((before, finding), key=lambda found: size(found.case, self.spec))
            finding = attrs.evolve(smaller, checks=checks, id=before.id)
        if finding != before:
            self._findings[finding.id] = finding
            yield FindingMade(finding=finding)

    def _warnings(self) -> Iterator[Event]:
        """Yield what a user should know of the factory, and of what was left."""
        if self._cases and self._unbuilt * 2 > self._cases:
            yield Warned(
                target=self.name,
                message=f"the factory refused {self._unbuilt} of {self._cases} cases: declare the ranges that it takes",
            )
        if self._stop == "nothing_runs":
            yield Warned(
                target=self.name,
                message=f"none of {self._cases} cases ran through the model: mend what was found, and run again to see "
                "what it hides",
            )
        if len(self._seen) > MOST_FAILURES:
            yield Warned(
                target=self.name,
                message=f"{len(self._seen) - MOST_FAILURES} more failures were seen and not followed up",
            )


def _alike(one: Finding, two: Finding) -> bool:
    """Say whether two findings are one mistake: the same cause, at one place or line, or where its effect comes out."""
    places, lines = {one.position, two.position}, {one.location, two.location}
    together = len(places) == 1 or (len(lines) == 1 and None not in lines) or bool(places & {"output", "loss"})
    # No row and a row of nothing may break one line, and are two things to mend.
    return one.cause == two.cause and (together if one.cause != "input-empty" else len(places) == 1)
