"""How long is waited for the cases of a target: one that is like an earlier one that hung is given up, not accused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from math import inf
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.executors.executor import Executor
from fuzzseq.protocol.outcome import Outcome, Request, Verdict

#: The part of the time limit of a case that is waited for one, and how much longer than the slowest one that answered.
_PART: Final = 0.25
_LONGER: Final = 2.0


class Patience:
    """Waits for the cases of a target. To give a case up is no verdict on it: a hang is believed at the limit.

    ``is_new`` says whether no failure like one was met before.
    """

    def __init__(self, case_timeout: float, is_new: Callable[[Case, Verdict], bool]) -> None:
        self._limit, self._is_new = case_timeout, is_new
        #: How long the slowest case took that answered; no end, while none has.
        self._slowest = inf
        self._given_up = 0
        self._lock = threading.Lock()

    def outcome(self, request: Request, executor: Executor, hung: bool) -> Outcome:
        """Return the outcome of a case; ``hung`` says that a case hung before, for one like it need not be waited for.

        Where the model is slow to answer, it is waited for longer, and where it never has, for the whole limit.
        """
        patience = min(self._limit, max(self._limit * _PART, self._slowest * _LONGER))
        if hung:
            outcome, taken = self._timed(request, executor, patience)
            if outcome.ending != "hung" or taken < patience:
                return outcome
            if not any(self._is_new(request.case, verdict) for verdict in outcome.failures()):
                if patience == self._limit:
                    return outcome
                with self._lock:
                    self._given_up += 1
                not_reached = (attrs.evolve(verdict, status="not_reached") for verdict in outcome.verdicts)
                return attrs.evolve(outcome, verdicts=tuple(not_reached))
        return self._timed(request, executor, None)[0]

    def _timed(self, request: Request, executor: Executor, limit: float | None) -> tuple[Outcome, float]:
        """Return the outcome of a case and its seconds, and learn how long one takes that ends by itself."""
        began = time.monotonic()
        outcome = executor.run(request, limit=limit)
        taken = time.monotonic() - began
        with self._lock:
            if outcome.ending != "hung":
                self._slowest = taken if self._slowest == inf else max(self._slowest, taken)
        return outcome, taken

    def warnings(self) -> Iterator[str]:
        """Yield what a user should know of the cases that were given up."""
        if self._given_up:
            cases = "1 case was" if self._given_up == 1 else f"{self._given_up} cases were"
            yield (
                f"{cases} given up before {self._limit:g} s had passed, since one hung before them "
                "at the same stage; what was given up was not judged"
            )
