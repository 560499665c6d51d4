"""The work on one fuzz target, from its first case to its report.

What is guaranteed, whatever the number of threads:

1. In order: the corpus, boundary cases (stage 1), waves of rounds of random cases, edge cases, invalid inputs.
2. A round's cases are tried in turn by one thread. What it asks follows from its own cases and from the waves before.
3. Outside of waves a new failure is followed up before the cases after it, or beside them where a thread is free.
4. The rounds of a wave run side by side; their new failures are followed up when all are done, in the order of rounds.
5. Findings are reported in the order of the cases that they were first seen in, each once it is whole.
6. So one seed gives the same findings; with ``max_failures`` or a time limit more may be under way when it is reached.
7. A checkpoint stands before stage 1, after it (each block of rounds rests on this one alone), and after each wave. A
   run that is resumed there recalls from the journal what was executed since, and asks the same again.
8. A failure is learned before its case is reported: whatever ends the work then, it is reported, as it was seen.
9. The control is asked before each execution: time, enough errors, an interrupt, and an error in another thread end it.
10. A hang is believed at the time limit of a case; cases like one that hung are given up early, and accuse nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.edge import edge_cases
from fuzzseq.cases.invalid import Acceptance
from fuzzseq.engine.context import TargetContext
from fuzzseq.engine.followup import Failure, FollowUp
from fuzzseq.engine.generation import cases_in_round, random_cases
from fuzzseq.engine.invalid_inputs import try_invalid_inputs
from fuzzseq.engine.opening import opening
from fuzzseq.engine.patience import Patience
from fuzzseq.engine.resume import TargetProgress
from fuzzseq.engine.rounds import Block, Round
from fuzzseq.engine.selection import CheckCounts, LearnedTraits
from fuzzseq.events import CaseExecuted, Checkpoint, TargetReport, TargetState, WarningEmitted
from fuzzseq.executors.executor import BudgetSpent
from fuzzseq.protocol.outcome import Request, Verdict
from fuzzseq.seeds import seed_of_cases
from fuzzseq.stop_reason import StopReason

T = TypeVar("T")

#: How many rounds of random cases the first wave of them has, and the widest, however many threads there are.
_FIRST_ROUNDS: Final = 2
_MOST_ROUNDS: Final = 8


class TargetRun:
    """The work on one target: :meth:`run` does it, and :meth:`report` says at any time what came of it."""

    def __init__(self, context: TargetContext) -> None:
        self._context, self._spec, self._control = context, context.spec, context.control
        self._checks = CheckCounts(context.spec, context.settings)
        self._seed = seed_of_cases(context.settings.seed)
        self._opening = opening(context.spec, self._seed, context.settings.max_cases, self._checks.chosen)
        self._checks.begin_with(self._opening)
        self._followup = FollowUp(context, self._checks.names)
        self._traits = LearnedTraits()
        self._patience = Patience(context.settings.case_timeout, self._followup.is_new)
        self._at_work: list[Future[Any]] = []
        self._current: Sequence[Round] = ()
        self._rounds = 0
        self._executions = 0
        self._exhausted = False
        self._block = Block(0, context.settings.blocks)
        self._cases_before_block = 0
        self._stage_one: TargetState | None = None
        self._acceptance: dict[str, Acceptance] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def run(self, before: TargetProgress | None = None) -> None:
        """Try cases until something stops it; with ``before``, go on from there. Raises what a thread has raised."""
        if self._checks.names:  # Else no case could be judged by anything.
            if before is None:
                cases = self._context.corpus.cases(self._checks.names, self._context.settings.domains)
                self._try_in_turn(Round("corpus", cases, 0, LearnedTraits()))
            else:
                state = before.state
                self._checks.restore(state)
                self._traits = LearnedTraits.of(state)
                self._rounds, self._executions, self._exhausted = state.rounds, state.executions, state.dry
                self._block = attrs.evolve(self._block, index=state.block)
                self._cases_before_block, self._stage_one = state.cases_before_block, before.stage_one
                self._followup.restore(state.taken, before.findings)
            if before is None or not before.state.boundary:
                # The corpus is asked once: by now it holds what this run has found itself.
                self._save_progress(boundary=False)
                self._try_in_turn(Round("boundary", iter(self._opening.cases), 0, self._traits))
            self._try_blocks()
            going_on = self._checks.ran and self._control.reason != StopReason.MAX_FAILURES
            domains = self._context.settings.domains if going_on else ()
            if "edge" in domains:
                self._try_in_turn(Round("edge", iter(edge_cases(self._spec.contract, self._seed)), 0, self._traits))
            if "invalid" in domains and not self._control.out_of_time():
                invalid = partial(try_invalid_inputs, self._spec, self._seed, self._context.executors)
                self._acceptance = self._submit(invalid).result()
                self._executions += len(self._acceptance)
        messages = ["it was fuzzed eagerly, since every traced case failed"] if self._traits.untraceable else []
        messages += [*self._checks.warnings(self._control.reason), *self._followup.warnings()]
        messages += [*self._context.corpus.warnings(), *self._patience.warnings()]
        for message in messages:
            self._context.emit(WarningEmitted(target=self._context.name, message=message))

    def abort(self, error: Exception) -> None:
        """End what is at work after an error, and report its failures as they were seen."""
        self._control.abort(error)
        wait([future for future in self._at_work if not future.cancel()])
        self._take(failure for round_ in self._current for failure in round_.failures)
        self._followup.report_unfinished()

    def report(self, stop: StopReason | None = None, error: str = "") -> TargetReport:
        """Return what came of the target."""
        return TargetReport(
            name=self._context.name,
            spec=self._spec,
            cases=self._checks.cases,
            corpus_cases=self._checks.corpus_cases,
            edge_cases=self._checks.edge_cases,
            executions=self._executions + self._followup.executions,
            stop_reason=stop or self._control.reason,
            checks=self._checks.counts(stop or self._control.reason),
            error=error,
            seconds=time.monotonic() - self._began,
            index=self._context.place,
            acceptance=self._acceptance,
        )

    def _save_progress(self, *, boundary: bool = True) -> None:
        """Emit a checkpoint: all cases so far are followed up. What time kept from being tried is still to be done."""
        if not self._control.out_of_time():
            if self._context.journal is not None:
                self._context.journal.mark(self._context.place)
            self._context.emit(Checkpoint(target=self._context.name, state=self._state(boundary=boundary)))

    def _state(self, *, boundary: bool = True) -> TargetState:
        checks, traits = self._checks, self._traits
        return TargetState(
            rounds=self._rounds,
            cases=checks.cases,
            corpus_cases=checks.corpus_cases,
            executions=self._executions + self._followup.executions,
            unbuilt=checks.unbuilt,
            ran=checks.ran,
            checks=checks.counts(),
            failed=tuple(sorted(traits.failed)),
            graph_fails=traits.graph_fails,
            graph_runs=traits.graph_runs,
            hung=traits.hung,
            taken=self._followup.taken,
            dry=self._exhausted,
            boundary=boundary,
            block=self._block.index,
            cases_before_block=self._cases_before_block,
        )

    def _try_blocks(self) -> None:
        if self._stage_one is None:
            self._cases_before_block = self._checks.cases
            self._stage_one = self._state()
        stage_one = self._stage_one
        for index in range(self._block.index, self._block.count):
            if index > self._block.index:  # Each block begins with what was known after stage 1.
                self._block, self._cases_before_block = attrs.evolve(self._block, index=index), self._checks.cases
                self._traits, self._rounds, self._exhausted = LearnedTraits.of(stage_one), 0, stage_one.dry
                self._followup.forget_since(stage_one.taken)
            self._save_progress()
            while wave := self._next_wave(stage_one.cases):
                self._current = wave
                for round_ in wave:
                    self._submit(partial(self._try_cases, round_))
                self._finish()
                for round_ in wave:
                    self._traits = self._traits.joined(round_.traits)
                for failure in self._take(failure for round_ in wave for failure in round_.failures):
                    self._submit(partial(self._followup.follow_up, failure))
                self._finish()
                self._save_progress()
            if self._control.reason != StopReason.COMPLETED:
                break

    def _next_wave(self, first_cases: int) -> list[Round]:
        """Return the next rounds, none where nothing is left; ``first_cases`` came before all blocks."""
        max_cases = self._context.settings.max_cases
        if not self._control.should_stop() and self._checks.cases >= max_cases:
            self._control.reason = StopReason.MAX_CASES
        elif self._control.reason == StopReason.COMPLETED and self._checks.cases and not self._checks.ran:
            # What fails in every shape hides whatever else there is, and each case of it costs a build.
            self._control.reason = StopReason.NO_CASE_RAN
        before = self._checks.cases - self._cases_before_block
        part = self._block.part_of(max_cases - first_cases)
        if self._control.reason != StopReason.COMPLETED or self._exhausted or before >= part:
            return []
        wave: list[Round] = []
        for index in self._block.rounds(self._rounds, self._rounds + min(_MOST_ROUNDS, _FIRST_ROUNDS + self._rounds)):
            if before < part:
                count = cases_in_round(index, self._checks.chosen)
                cases = islice(self._draw(index, count), part - before)
                wave.append(Round("random", cases, first_cases + before, self._traits))
                before += count
        self._rounds += len(wave)
        return wave

    def _draw(self, index: int, count: int) -> Iterator[Case]:
        """Yield the cases of a round, drawn when the first of them is wanted."""
        drawn = random_cases(self._spec, self._seed, index, count, traced=not self._traits.untraceable)
        self._exhausted |= not drawn
        yield from drawn

    def _try_in_turn(self, round_: Round) -> None:
        self._current = [round_]
        while new := self._submit(partial(self._try_cases, round_)).result():
            for failure in new:
                self._submit(partial(self._followup.follow_up, failure))
        self._finish()
        if round_.phase != "corpus":
            self._traits = self._traits.joined(round_.traits)

    def _submit(self, task: Callable[[], T]) -> Future[T]:
        future = self._context.threads.submit(partial(self._control.guard, task))
        self._at_work.append(future)
        return future

    def _finish(self) -> None:
        for future in self._at_work:
            future.result()
        self._at_work.clear()

    def _try_cases(self, round_: Round) -> list[Failure]:
        """Try the cases of a round, and return the new failures of the first that has any; in a wave try them all."""
        with self._context.executors.acquire() as executor:
            for case in round_.cases:
                stop = self._control.out_of_time if round_.phase == "edge" else self._control.should_stop
                if stop():
                    break
                request = Request(case=case, checks=round_.due(case, self._checks))
                with self._lock:
                    self._executions += 1
                try:
                    outcome = self._patience.outcome(request, executor, round_.traits.hung)
                except BudgetSpent:
                    self._control.reason = StopReason.BUDGET
                    break
                for verdict in outcome.verdicts if round_.phase == "corpus" else ():
                    if verdict.status == "passed":  # Of a case that was not reached nothing is known.
                        self._context.corpus.forget(verdict.check, case)
                new = [verdict for verdict in round_.learn(case, outcome) if self._followup.is_new(case, verdict)]
                if round_.in_wave:
                    round_.failures += [(case, verdict) for verdict in new]
                failures = [] if round_.in_wave else self._take((case, verdict) for verdict in new)
                self._context.emit(  # Here a run may be interrupted: nothing is left to be learned.
                    CaseExecuted(
                        target=self._context.name,
                        phase=round_.phase,
                        number=self._checks.count(round_.phase, outcome, round_.number),
                        total=self._context.settings.max_cases,
                        failed=bool(outcome.failures()),
                        sizes=case.sizes(self._spec.contract),
                    )
                )
                if failures:
                    return failures
        return []

    def _take(self, failures: Iterable[tuple[Case, Verdict]]) -> list[Failure]:
        return [failure for case, verdict in failures if (failure := self._followup.take(case, verdict))]
