"""One fuzz target: its cases in waves, each wave in units that may run side by side, and what comes of them.

What a unit asks depends on the waves before it and on its own cases alone, and a failure that several units meet is
that of the first of them: a run finds the same with one worker and with many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final

from fuzzseq.cases.boundary import first_setting
from fuzzseq.cases.case import Case
from fuzzseq.cases.edge import edge_cases
from fuzzseq.engine.crew import Job, Together
from fuzzseq.engine.followup import FollowUp
from fuzzseq.engine.generation import cases_in_round, random_cases
from fuzzseq.engine.invalid_inputs import acceptance
from fuzzseq.engine.opening import opening
from fuzzseq.engine.patience import Patience
from fuzzseq.engine.resume import TargetProgress
from fuzzseq.engine.selection import CheckCounts, LearnedTraits
from fuzzseq.engine.unit import Unit
from fuzzseq.engine.work import Work
from fuzzseq.events import CaseExecuted, Checkpoint, Event, TargetReport, TargetState, WarningEmitted
from fuzzseq.executors.executor import BudgetSpent, Executor
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.serialization import dumps
from fuzzseq.seeds import seed_of_cases
from fuzzseq.stop_reason import StopReason

#: How many rounds of random cases the first wave of them has, and the widest, however many workers there are.
_FIRST_ROUNDS: Final = 2
_MOST_ROUNDS: Final = 8

Steps = Iterator[Event | Job]
Watch = Callable[[Job], Job]


class TargetRun:
    """The work on one target, as jobs for a crew: :meth:`begin` is the first; read :meth:`report` at any time."""

    def __init__(self, work: Work) -> None:
        """Begin with nothing tried."""
        self.work = work
        self._tally = CheckCounts(work.spec, work.settings)
        self._seed = seed_of_cases(work.settings.seed)
        self._opening = opening(work.spec, self._seed, work.settings.max_cases, self._tally.chosen)
        self._tally.begin_with(self._opening)
        self._following = FollowUp(work, self._tally.names)
        self._experience = LearnedTraits()
        self._patience = Patience(work.settings.case_timeout, self._following.is_new)
        self._units: list[Unit] = []
        self._rounds = self._executions = 0
        self._dry = False
        self._acceptance: dict[str, str] = {}
        self._usual = first_setting(work.spec)
        self._stop = StopReason.COMPLETED
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._then: Callable[[], Steps] = lambda: iter(())
        self._watch: Watch = lambda job: job

    def begin(self, watch: Watch, then: Callable[[], Steps], before: TargetProgress | None = None) -> Steps:
        """Try known cases, then all others, until the budget is spent; ``then`` comes last.

        ``watch`` is put around every job, to see what is raised there. With ``before``, go on from there.
        """
        self._watch, self._then = watch, then
        if not self._tally.names:  # No case could be judged by anything.
            yield from self._end()
        elif before is None:
            known = Unit("corpus", self._known_ones(), 0, LearnedTraits())
            yield from self._wave([known], self._boundary)
        else:
            yield from self._restored(before)

    def _restored(self, before: TargetProgress) -> Steps:
        """Go on from where an earlier run was when it was interrupted."""
        state = before.state
        self._tally.restore(state)
        self._experience = LearnedTraits.of(state)
        self._rounds, self._executions = state.rounds, state.executions
        self._dry = state.dry
        yield from self._following.restore(state.taken, before.findings)
        yield from self._random() if state.boundary else self._boundary()

    def _state(self, *, boundary: bool = True) -> TargetState:
        """Return how far the work has come, between two waves."""
        tally = self._tally
        return TargetState(
            rounds=self._rounds,
            cases=tally.cases,
            corpus_cases=tally.corpus_cases,
            executions=self._executions + self._following.executions,
            unbuilt=tally.unbuilt,
            ran=tally.ran,
            checks=tally.counts(),
            failed=tuple(sorted(self._experience.failed)),
            graph_fails=self._experience.graph_fails,
            graph_runs=self._experience.graph_runs,
            hung=self._experience.hung,
            taken=self._following.taken,
            dry=self._dry,
            boundary=boundary,
        )

    def report(self, stop: StopReason | None = None, error: str = "") -> TargetReport:
        """Return what came of the target."""
        return TargetReport(
            name=self.work.name,
            spec=self.work.spec,
            cases=self._tally.cases,
            corpus_cases=self._tally.corpus_cases,
            edge_cases=self._tally.edge_cases,
            executions=self._executions + self._following.executions,
            stop_reason=stop or self._stop,
            checks=self._tally.counts(stop or self._stop),
            error=error,
            seconds=time.monotonic() - self._began,
            index=self.work.place,
            acceptance=self._acceptance,
        )

    def unfinished(self) -> Iterator[Event]:
        """Yield the findings of failures that an interruption kept from being shrunk: as seen, and not minimal."""
        for case, verdict in [failure for unit in self._units for failure in unit.failures]:
            self._following.take(case, verdict)
        yield from self._following.unfinished()

    def close(self) -> None:
        """Leave no process behind."""
        self.work.pool.close()

    def _wave(self, units: list[Unit], then: Callable[[], Steps], *beside: Job) -> Steps:
        """Try units, side by side where there are hands for it, follow their failures up, and go on with ``then``."""
        self._units = units
        together = Together(self._watch(partial(self._wave_over, then)))
        yield from [together.add(self._watch(partial(self._tried, unit, together))) for unit in units]
        yield from [together.add(self._watch(job)) for job in beside]

    def _wave_over(self, then: Callable[[], Steps]) -> Steps:
        """Follow up what the units of a wave kept, in their order, and go on."""
        for unit in self._units:
            if unit.phase != "corpus":
                self._experience = self._experience.joined(unit.experience)
        kept = [failure for unit in self._units for failure in unit.failures]
        self._units = []
        jobs = [job for case, verdict in kept if (job := self._following.take(case, verdict))]
        if not jobs:
            yield from then()
            return
        together = Together(self._watch(then))
        yield from [together.add(self._watch(job)) for job in jobs]

    def _known_ones(self) -> Iterator[Case]:
        """Yield the cases that once failed, each once."""
        tried: set[str] = set()
        for check in self._tally.names:
            for case in self.work.known.of(check):
                if dumps(case) not in tried and case.domain in self.work.settings.domains:
                    tried.add(dumps(case))
                    yield case

    def _boundary(self) -> Steps:
        """Try the boundary cases."""
        if not self.work.out_of_time():
            # What was known before the run is asked once: by now it holds what this run has found itself.
            yield Checkpoint(target=self.work.name, state=self._state(boundary=False))
        yield from self._wave([Unit("boundary", iter(self._opening.cases), 0, self._experience)], self._random)

    def _random(self) -> Steps:
        """Try a wave of rounds of random cases, as long as there is something left to try."""
        if not self.work.out_of_time():
            yield Checkpoint(target=self.work.name, state=self._state())
        left = self.work.settings.max_cases - self._tally.cases
        if not self._spent() and left <= 0:
            self._stop = StopReason.MAX_CASES
        elif self._stop == StopReason.COMPLETED and self._tally.cases and not self._tally.ran:
            # What fails in every shape hides whatever else there is, and each case of it costs a build.
            self._stop = StopReason.NO_CASE_RAN
        if self._stop != StopReason.COMPLETED or self._dry:
            yield from self._rest()
            return
        units, before = [], 0
        for round_ in range(self._rounds, self._rounds + min(_MOST_ROUNDS, _FIRST_ROUNDS + self._rounds)):
            if before < left:
                count = cases_in_round(round_, self._tally.chosen)
                cases = islice(self._drawn(round_, count), left - before)
                units.append(Unit("random", cases, self._tally.cases + before, self._experience, alone=False))
                before += count
        self._rounds += len(units)
        yield from self._wave(units, self._random)

    def _drawn(self, round_: int, count: int) -> Iterator[Case]:
        """Yield the cases of a round, drawn when they are wanted first."""
        drawn = random_cases(self.work.spec, self._seed, round_, count, traced=not self._experience.untraceable)
        self._dry |= not drawn
        yield from drawn

    def _rest(self) -> Steps:
        """Try the edge cases by all checks, what they break being told apart, and wrong input."""
        going_on = bool(self._tally.ran) and self._stop != StopReason.MAX_FAILURES
        units: list[Unit] = []
        jobs: list[Job] = []
        if "edge" in self.work.settings.domains and going_on:
            edges = edge_cases(self.work.spec, self._seed)
            units.append(Unit("edge", iter(edges), 0, self._experience))
        if "invalid" in self.work.settings.domains and going_on:
            jobs.append(self._provoked)
        if units or jobs:
            yield from self._wave(units, self._end, *jobs)
        else:
            yield from self._end()

    def _provoked(self) -> Steps:
        """Give the model wrong input."""
        if not self.work.out_of_time():
            with self.work.pool.usual() as executor, suppress(BudgetSpent):
                self._acceptance = acceptance(self.work.spec, self._seed, executor)
            with self._lock:
                self._executions += len(self._acceptance)
        yield from ()

    def _end(self) -> Steps:
        """Yield what a user should know, and let go."""
        if self._experience.untraceable:
            yield WarningEmitted(target=self.work.name, message="it was fuzzed eagerly, since every traced case failed")
        tally, following, known = self._tally, self._following, self.work.known
        warnings = (*tally.warnings(self._stop), *following.warnings(), *known.warnings(), *self._patience.warnings())
        for message in warnings:
            yield WarningEmitted(target=self.work.name, message=message)
        yield from self._then()

    def _spent(self) -> bool:
        """Say whether the time is used up, or enough was found, and remember which."""
        if self.work.out_of_time():
            self._stop = StopReason.BUDGET
        elif self._following.enough():
            self._stop = StopReason.MAX_FAILURES
        else:
            return False
        return True

    def _tried(self, unit: Unit, together: Together) -> Steps:
        """Try the cases of a unit; where one that is alone meets a new failure, that comes before the other cases."""
        with self.work.pool.usual() as executor:
            for case in unit.cases:
                if self.work.out_of_time() if unit.phase == "edge" else self._spent():
                    return
                try:
                    outcome = self._asked(unit, case, executor)
                except BudgetSpent:
                    self._stop = StopReason.BUDGET
                    return
                jobs = self._taken(unit, case, outcome)
                yield self._told(unit, case, outcome)  # Here a run may be interrupted: nothing is left to be learned.
                if jobs:
                    jobs.append(partial(self._tried, unit, together))
                    yield from [together.add(self._watch(job)) for job in jobs]
                    return

    def _taken(self, unit: Unit, case: Case, outcome: Outcome) -> list[Job]:
        """Learn from an outcome, and return the jobs of the new failures in it; they are kept where others try too."""
        new = [verdict for verdict in unit.learned(case, outcome) if self._following.is_new(case, verdict)]
        if not unit.alone:
            unit.failures += [(case, verdict) for verdict in new]
            return []
        return [job for verdict in new if (job := self._following.take(case, verdict))]

    def _asked(self, unit: Unit, case: Case, executor: Executor) -> Outcome:
        """Ask a worker to judge one case by the checks that are due."""
        usual = unit.phase == "random" or case.dimensions == self._usual
        request = Request(case=case, checks=unit.due(case, self._tally, usual))
        with self._lock:
            self._executions += 1
        outcome = self._patience.outcome(request, executor, unit.experience.hung)
        if unit.phase == "corpus":
            self._forget(case, outcome)
        return outcome

    def _told(self, unit: Unit, case: Case, outcome: Outcome) -> CaseExecuted:
        """Count a case, and return the event that tells of it."""
        number = self._tally.count(unit.phase, outcome, unit.number)
        total, failed = self.work.settings.max_cases, bool(outcome.failures())
        sizes = case.sizes(self.work.spec)
        return CaseExecuted(
            target=self.work.name, phase=unit.phase, number=number, total=total, failed=failed, sizes=sizes
        )

    def _forget(self, case: Case, outcome: Outcome) -> None:
        """Drop a known case from the checks that held on it; of one that was not reached nothing is known."""
        for verdict in outcome.verdicts:
            if verdict.status == "passed":
                self.work.known.forget(verdict.check, case)
