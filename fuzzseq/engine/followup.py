"""The failures of one target on their way to findings, which are reported in the order of the cases."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.wording import message_of
from fuzzseq.diagnosis import diagnose
from fuzzseq.engine.context import TargetContext
from fuzzseq.engine.mistakes import explains, same_cause
from fuzzseq.engine.oracle import FailureOracle, OutOfTime
from fuzzseq.events import FailureObserved, FindingReported, Phase, Progress
from fuzzseq.findings import Finding, Minimality
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.shrink.order import size
from fuzzseq.shrink.reducer import reduce
from fuzzseq.signatures import key_of, signature

#: How many different failures of one target are shrunk; more are said to be there, and left.
MOST_FAILURES = 40


@attrs.define(eq=False)
class Failure:
    """A failure with a new signature, and what came of it: ``lasting`` is a case that will fail again."""

    case: Case
    verdict: Verdict
    wanted: bool
    finding: Finding | None = None
    lasting: Case | None = None
    done: bool = False


class FollowUp:
    """Shrinks, confirms and diagnoses failures, several at once where there are threads for it.

    The findings are reported in the order in which their failures were taken, so that it is the same however many
    threads there are.
    """

    def __init__(self, context: TargetContext, checks: Sequence[str]) -> None:
        # The checks are in the order of reports.
        self._context, self._control, self._checks = context, context.control, checks
        self._diagnose = partial(diagnose, target=context.name, spec=context.spec)
        self._taken: set[str] = set()
        self._waiting: deque[Failure] = deque()
        self._findings: dict[str, Finding] = {}
        self._lock, self._reporting = threading.Lock(), threading.Lock()
        self._left_out = 0
        self.executions = 0

    @property
    def taken(self) -> tuple[str, ...]:
        """The keys of the failures that were taken."""
        return tuple(sorted(self._taken))

    def restore(self, taken: Sequence[str], findings: Sequence[Finding]) -> None:
        """Go on from what an earlier run took and found, and report the findings again."""
        self._taken.update(taken)
        self._left_out = max(0, len(taken) - MOST_FAILURES)
        for finding in findings:
            self._report(finding)

    def forget_since(self, taken: Sequence[str]) -> None:
        """Know of the failures that were ``taken``, and of none since: a block of rounds begins."""
        self._taken = set(taken)

    def warnings(self) -> Iterator[str]:
        """Yield what a user should know of the failures when a target has stopped."""
        if self._left_out:
            yield f"{self._left_out} more failures were seen and not followed up"

    def is_new(self, case: Case, verdict: Verdict) -> bool:
        """Say whether no failure of this signature was taken; one of an edge case does not stand for ordinary ones."""
        return self._taken.isdisjoint((signature(verdict), key_of(case, verdict)))

    def take(self, case: Case, verdict: Verdict) -> Failure | None:
        """Return a failure that is to be followed up; None for one whose like was taken, or is not asked for."""
        if not self.is_new(case, verdict) or self._control.enough_errors():
            return None
        self._taken.add(key_of(case, verdict))
        failure = Failure(case, verdict, wanted=len(self._taken) <= MOST_FAILURES)
        if failure.wanted:
            self._waiting.append(failure)
        else:
            self._left_out += 1
        return failure

    def follow_up(self, failure: Failure) -> None:
        """Shrink a failure, confirm it in a fresh worker, diagnose it, and report the findings that are ready."""
        verdict, name = failure.verdict, self._context.name
        self._context.emit(
            FailureObserved(target=name, check=verdict.check, signature=signature(verdict), message=message_of(verdict))
        )
        if not failure.wanted:
            return
        if not self._control.enough_errors():
            with self._context.executors.acquire_fresh() as executor:
                timeout = self._context.settings.case_timeout
                self._examine(failure, FailureOracle(executor, verdict, self._control.out_of_time, timeout))
        failure.done = True
        with self._reporting:
            while self._waiting and self._waiting[0].done:
                ready = self._waiting.popleft()
                if ready.finding is None or self._control.enough_errors():
                    continue
                if ready.lasting is not None:
                    self._context.corpus.keep(ready.verdict.check, ready.lasting)
                self._merge(ready.finding)

    def report_unfinished(self) -> None:
        """Report the failures whose follow-up was ended, or never began: as they were seen, and not minimal."""
        while self._waiting:
            failure = self._waiting.popleft()
            self._merge(failure.finding or self._as_seen(failure))

    def _examine(self, failure: Failure, oracle: FailureOracle) -> None:
        try:
            minimal = failure.case
            answer, instead = oracle.rerun_fresh(minimal), oracle.verdict(minimal)
            if answer == "other" and instead is not None and instead.check == oracle.check:
                # A layer that is not built yet raises in words of its own: those are what a fresh process repeats.
                oracle.retarget(instead)
                answer = oracle.rerun_fresh(minimal)
            if answer == "same":
                contract, most = self._context.spec.contract, self._context.settings.max_shrinks
                reduced = reduce(minimal, contract, oracle.fails, max_executions=most)
                minimal, minimality = reduced.case, reduced.minimality
            else:  # The failure does not even repeat.
                minimality = Minimality(one_minimal=False, neighbors=0, executions=oracle.executions)
            self._emit_progress("shrink", oracle)
            flaky = oracle.rerun_fresh(minimal) != "same"
            verdict = (None if flaky else oracle.verdict(minimal)) or failure.verdict
            failure.finding = self._diagnose(
                case=minimal, verdict=verdict, minimality=minimality, prober=oracle, flaky=flaky
            )
            failure.lasting = None if flaky else minimal
            self._emit_progress("diagnose", oracle)
        except OutOfTime:
            failure.finding = self._as_seen(failure)
        finally:
            with self._lock:
                self.executions += oracle.executions

    def _emit_progress(self, phase: Phase, oracle: FailureOracle) -> None:
        name = self._context.name
        self._context.emit(Progress(target=name, phase=phase, executions=oracle.executions, signature=oracle.signature))

    def _as_seen(self, failure: Failure) -> Finding:
        minimality = Minimality(one_minimal=False, neighbors=0, executions=0)
        seen = self._diagnose(
            case=failure.case, verdict=failure.verdict, minimality=minimality, prober=None, flaky=False
        )
        return attrs.evolve(seen, provisional=True)

    def _merge(self, finding: Finding) -> None:
        """Merge a finding with an earlier one of the same mistake; an ordinary one replaces one at an edge."""
        known = [f for f in self._findings.values() if f.domain in ("ordinary", finding.domain)]
        before = next((f for f in known if same_cause(f, finding)), None)
        if before is not None and before.domain != finding.domain:
            return  # An edge that shows what an ordinary case has shown says nothing more.
        if before is not None:
            finding = attrs.evolve(self._telling(before, finding), checks=self._both(before, finding), id=before.id)
        elif (before := next((f for f in known if explains(f, finding)), None)) is not None:
            finding = attrs.evolve(before, checks=self._both(before, finding))
        if finding != before:
            self._report(finding)

    def _telling(self, one: Finding, other: Finding) -> Finding:
        """Return the finding that says more: no provisional one, one with a line, one that raises, the smaller case."""
        contract = self._context.spec.contract

        def order(finding: Finding) -> tuple[Any, ...]:
            silent = finding.exception is None
            return finding.provisional, finding.location is None, silent, size(finding.case, contract)

        return min((one, other), key=order)

    def _both(self, one: Finding, other: Finding) -> tuple[str, ...]:
        return tuple(name for name in self._checks if name in {*one.checks, *other.checks})

    def _report(self, finding: Finding) -> None:
        self._findings[finding.id] = finding
        self._control.errors = sum(each.severity == "error" for each in self._findings.values())
        self._context.emit(FindingReported(finding=finding))
