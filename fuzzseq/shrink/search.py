"""The state of one reduction, and its two ways of taking long steps: deleting things in halves, bisecting a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed
from fuzzseq.cases.edge import features
from fuzzseq.protocol.serialization import dumps
from fuzzseq.shrink.order import size
from fuzzseq.targets.contract import Contract

#: How many values below a border are tried one by one.
_FEW = 14

#: Reads off a case how many things can be deleted; makes of a case one without the things from start to stop.
Count = Callable[[Case], int]
Without = Callable[[Case, int, int], Case]


def permitted(case: Case, contract: Contract) -> bool:
    """Say whether a case stays in its domain; an invalid one only needs a batch, one at an edge the one thing there."""
    if case.domain == "invalid":
        return bool(case.batches)
    return allowed(case, contract) and (case.domain == "ordinary" or len(features(case, contract)) == 1)


class Exhausted(Exception):
    """The executions that a search was given are spent."""


class Search:
    """Runs candidates and keeps the smallest that fails. Nothing runs twice, and nothing after ``max_executions``."""

    def __init__(self, case: Case, contract: Contract, fails: Callable[[Case], bool], max_executions: int) -> None:
        self.best = case
        self.contract = contract
        self.executions = 0
        self._fails = fails
        self._max_executions = max_executions
        self._size = size(case, contract)
        self._known = {dumps(case): True}

    def rank(self, case: Case) -> tuple[object, ...]:
        """Return the key that orders cases, the smallest first."""
        return size(case, self.contract)

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
        own = size(case, self.contract)
        if own >= self._size:
            return own == self._size
        if not permitted(case, self.contract) or not self.failing(case):
            return False
        self.best, self._size = case, own
        return True


def delete_in_halves(search: Search, count: Count, without: Without) -> None:
    """Delete runs of things, half of them at first and single ones at last, wherever the rest still fails."""
    chunk = count(search.best) // 2
    while chunk:
        start = 0
        while start < count(search.best) and chunk < count(search.best):
            if not search.attempt(without(search.best, start, start + chunk)):
                start += chunk
        chunk //= 2


def bisect(
    search: Search, values: Sequence[int], made: Callable[[Case, int], Case], *, expensive: bool = False
) -> None:
    """Look for the lowest of ascending values that fails, all of them below the current one.

    That there is one border between passing and failing is a guess, since failures need not be monotone (every odd
    width): a ``expensive`` search tries the first values below the border as well.
    """
    if not values or search.attempt(made(search.best, values[0])):
        return
    passing, failing = 0, len(values)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if search.attempt(made(search.best, values[middle])):
            failing = middle
        else:
            passing = middle
    if expensive:
        any(search.attempt(made(search.best, value)) for value in values[:failing][:_FEW])
