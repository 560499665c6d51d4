"""Asking a worker whether a case still fails in one and the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fuzzseq.cases.case import Case
from fuzzseq.checks.registry import with_prerequisites
from fuzzseq.diagnosis.probing import Spent
from fuzzseq.executors.executor import BudgetSpent, Executor
from fuzzseq.findings import Answer
from fuzzseq.protocol.outcome import Outcome, Request, Verdict
from fuzzseq.protocol.serialization import dumps
from fuzzseq.shrink.search import Exhausted
from fuzzseq.signatures import signature

#: How long is waited for cases that give no answer around one failure, in seconds, and for how many at least. Each is
#: waited for as long as any case may take: one that takes nearly so long is slow, and does not hang.
HANGING: Final = 240.0
_FEWEST_HANGS: Final = 4


class OutOfTime(Spent):
    """The target has had its part of the time of the run."""


class FailureOracle:
    """One failure and the executions around it: nothing is executed twice, and all are counted."""

    def __init__(
        self, executor: Executor, failure: Verdict, out_of_time: Callable[[], bool], case_timeout: float
    ) -> None:
        self._executor, self._out_of_time, self._timeout = executor, out_of_time, case_timeout
        self.executions = 0
        self._hangs_left = max(_FEWEST_HANGS, int(HANGING / case_timeout))
        self.retarget(failure)

    def retarget(self, failure: Verdict) -> None:
        """Look for the signature of ``failure`` from now on."""
        self.check = failure.check
        self.signature = signature(failure)
        self._answers: dict[str, tuple[Answer, Verdict | None]] = {}

    def fails(self, case: Case) -> bool:
        """Say whether a case fails with the same signature; raises :class:`OutOfTime`.

        Raises :class:`fuzzseq.shrink.search.Exhausted` once no more cases may hang.
        """
        if self._hangs_left <= 0:
            raise Exhausted
        return self._ask(case)[0] == "same"

    def answer(self, case: Case) -> Answer:
        """Say whether a case passes, fails in the same way or in another, or leaves the check nothing to judge.

        Raises :class:`Spent` once no more cases may hang.
        """
        if self._hangs_left <= 0:
            raise Spent
        return self._ask(case)[0]

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case, of the same signature where there is one."""
        return self._ask(case)[1]

    def trace(self, case: Case) -> Outcome:
        """Return how a case ends, with the layers that ran; raises :class:`OutOfTime`."""
        return self._run(case, trace=True)

    def rerun_fresh(self, case: Case) -> Answer:
        """Answer for a case in a fresh worker."""
        self._executor.renew()
        self._answers.pop(dumps(case), None)
        return self._ask(case)[0]

    def _ask(self, case: Case) -> tuple[Answer, Verdict | None]:
        key = dumps(case)
        if key in self._answers:
            return self._answers[key]
        outcome = self._run(case)
        failures = outcome.failures()
        same = next((verdict for verdict in failures if signature(verdict) == self.signature), None)
        if failures:
            answer: Answer = "other" if same is None else "same"
        else:
            judged = any(verdict.check == self.check and verdict.judged for verdict in outcome.verdicts)
            answer = "passes" if judged else "not_reached"
        self._answers[key] = answer, same or next(iter(failures), None)
        return self._answers[key]

    def _run(self, case: Case, *, trace: bool = False) -> Outcome:
        if self._out_of_time():
            raise OutOfTime
        self.executions += 1
        request = Request(case=case, checks=with_prerequisites(self.check), trace=trace)
        try:
            outcome = self._executor.run(request, limit=self._timeout)
        except BudgetSpent:
            raise OutOfTime from None
        self._hangs_left -= outcome.ending == "hung"
        return outcome
