"""The two ways of taking long steps: deleting things in halves, and bisecting a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuzzseq.cases.case import Case
from fuzzseq.shrink.search import Search

#: How many values below a border are tried one by one.
_FEW = 14

#: Reads off a case how many things can be deleted; makes of a case one without the things from start to stop.
Count = Callable[[Case], int]
Without = Callable[[Case, int, int], Case]


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
