"""Asking a worker whether a case still fails in one and the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from fuzzseq.case import Case
from fuzzseq.diagnosis.probing import Spent
from fuzzseq.executors.executor import Executor
from fuzzseq.outcome import LayerCall, Outcome, Request, Verdict
from fuzzseq.serialization import dumps
from fuzzseq.signatures import signature

Answer = Literal["passes", "same", "other", "not_reached"]

#: How long a case may take while a hang is shrunk, in seconds: waiting the whole limit each time would take hours.
HANG_LIMIT: Final = 4.0


class OutOfTime(Spent):
    """The target has had its part of the time of the run."""


class Probe:
    """One failure and the executions around it: nothing is executed twice, and all are counted."""

    def __init__(self, executor: Executor, failure: Verdict, out_of_time: Callable[[], bool]) -> None:
        """Look for the signature of ``failure``, by its check alone."""
        self._executor, self._out_of_time = executor, out_of_time
        self.executions = 0
        self.turn_to(failure)

    def turn_to(self, failure: Verdict) -> None:
        """Look for the signature of ``failure`` from now on."""
        self.check = failure.check
        self.signature = signature(failure)
        self._hung = failure.raised is not None and failure.raised.ending == "hung"
        self._known: dict[str, tuple[Answer, Verdict | None]] = {}

    def fails(self, case: Case) -> bool:
        """Say whether a case fails with the same signature; raises :class:`OutOfTime`."""
        return self.answer(case) == "same"

    def answer(self, case: Case) -> Answer:
        """Say whether a case passes, fails in the same way or in another, or leaves the check nothing to judge."""
        return self._asked(case)[0]

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case, of the same signature where there is one."""
        return self._asked(case)[1]

    def trace(self, case: Case) -> tuple[LayerCall, ...]:
        """Return the layers that ran in a case, in order; raises :class:`OutOfTime`."""
        self._check()
        return self._run(case, trace=True).trace

    def again(self, case: Case) -> Answer:
        """Say the same of a case in a fresh worker."""
        self._executor.renew()
        self._known.pop(dumps(case), None)
        return self.answer(case)

    def _asked(self, case: Case) -> tuple[Answer, Verdict | None]:
        """Execute a case, once."""
        key = dumps(case)
        if key not in self._known:
            self._check()
            self._known[key] = self._judged(self._run(case))
        return self._known[key]

    def _check(self) -> None:
        """Raise where the time of the run is used up."""
        if self._out_of_time():
            raise OutOfTime

    def _run(self, case: Case, *, trace: bool = False) -> Outcome:
        """Execute a case with the check alone, and those that an exception before it would belong to."""
        self.executions += 1
        request = Request(case=case, checks=tuple(dict.fromkeys(("builds", "accepts", self.check))), trace=trace)
        return self._executor.run(request, limit=HANG_LIMIT if self._hung else None)

    def _judged(self, outcome: Outcome) -> tuple[Answer, Verdict | None]:
        """Sort an outcome by its failures."""
        failures = outcome.failures()
        same = next((v for v in failures if signature(v) == self.signature), None)
        if same is not None:
            return "same", same
        if failures:
            return "other", failures[0]
        reached = any(v.check == self.check and v.status != "not_reached" for v in outcome.verdicts)
        return ("passes" if reached else "not_reached"), None
