"""The reducer: from a failing case to a minimal one, with the counts that prove it minimal."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.findings import Minimality
from fuzzseq.shrink.neighbors import neighbors
from fuzzseq.shrink.passes import accelerate, begin
from fuzzseq.shrink.search import Exhausted, Search
from fuzzseq.targets.contract import Contract


@attrs.frozen(kw_only=True)
class Reduced:
    """A failing case and how minimal it is; ``minimality.one_minimal`` is False where the executions ran out."""

    case: Case
    minimality: Minimality


def reduce(case: Case, contract: Contract, fails: Callable[[Case], bool], *, max_executions: int) -> Reduced:
    """Return the smallest case found that still fails, and prove that no case one step simpler does.

    ``case`` is taken to fail. ``fails`` runs a case and says whether it fails in the same way; it is never asked twice
    about one case, and at most ``max_executions`` times. The result follows from the arguments alone.
    """
    search = Search(case, contract, fails, max_executions)
    try:
        begin(search)
        while True:
            accelerate(search)
            reached = search.best
            count = _descended(search)
            if search.best == reached:
                break
    except Exhausted:
        minimality = Minimality(one_minimal=False, neighbors=0, executions=search.executions)
    else:
        minimality = Minimality(one_minimal=True, neighbors=count, executions=search.executions)
    return Reduced(case=search.best, minimality=minimality)


def _descended(search: Search) -> int:
    """Step to the first neighbor that fails, again and again; return how many the last case has, all passing."""
    while True:
        reached = search.best
        passing = takewhile(lambda simpler: not search.attempt(simpler), neighbors(reached, search.contract))
        count = sum(1 for _ in passing)
        if search.best == reached:
            return count
