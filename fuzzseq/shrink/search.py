"""The state of one reduction: the smallest failing case so far, and what has been run to find it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed
from fuzzseq.cases.edge import features
from fuzzseq.protocol.serialization import dumps
from fuzzseq.shrink.order import size
from fuzzseq.targets.spec import Spec


def permitted(case: Case, spec: Spec) -> bool:
    """Say whether a case stays in its domain; an invalid one only needs a batch, one at an edge the one thing there."""
    if case.domain == "invalid":
        return bool(case.batches)
    return allowed(case, spec) and (case.domain == "ordinary" or len(features(case, spec)) == 1)


class Exhausted(Exception):
    """The executions that a search was given are spent."""


class Search:
    """Runs candidates and keeps the smallest that fails. Nothing runs twice, and nothing after ``max_executions``."""

    def __init__(self, case: Case, spec: Spec, fails: Callable[[Case], bool], max_executions: int) -> None:
        self.best = case
        self.spec = spec
        self.executions = 0
        self._fails = fails
        self._max_executions = max_executions
        self._size = size(case, spec)
        self._known = {dumps(case): True}

    def rank(self, case: Case) -> tuple[Any, ...]:
        """Return the key that orders cases, the smallest first."""
        return size(case, self.spec)

    def failing(self, case: Case) -> bool:
        """Say whether a case fails, running it where that is not known; raises :class:`Exhausted`."""
        key = dumps(case)
        if key not in self._known:
            if self.executions >= self._max_executions:
                raise Exhausted
            self.executions += 1
            self._known[key] = self._fails(case)
        return self._known[key]

    def attempt(self, case: Case) -> bool:
        """Make a case the best where it is smaller, in its domain, and fails; say whether it is the best now."""
        if not case.batches:
            return False
        own = size(case, self.spec)
        if own >= self._size:
            return own == self._size
        if not permitted(case, self.spec) or not self.failing(case):
            return False
        self.best, self._size = case, own
        return True
