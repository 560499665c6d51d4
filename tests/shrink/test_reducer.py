from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed
from fuzzseq.protocol.serialization import dumps
from fuzzseq.shrink import neighbors, reduce, size
from fuzzseq.strategies import cases
from tests.shrink.bugs import BUGS, SPEC, case, starts
from tests.shrink.specs import SPECS, patternless

#: The most executions over all bugs and starts, and the most that nine bugs of ten take in the mean.
WORST, TYPICAL = 120, 40
MANY = 2_000
USUAL = SPECS["usual"]


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_shrinks_to_one_case_from_everywhere(bug: str) -> None:
    """Whatever the start, the result is the one minimal case, proved so, within a small number of executions."""
    fails, minimal = BUGS[bug]
    assert fails(minimal)
    assert allowed(minimal, SPEC)
    for start in starts(fails, 2 if bug == "batch_size >= 33" else 12):
        reduced = reduce(start, SPEC, fails, max_executions=MANY)
        assert reduced.case == minimal
        assert reduced.minimality.one_minimal
        assert reduced.minimality.neighbors == len(list(neighbors(minimal, SPEC)))
        assert reduced.minimality.executions <= WORST


def test_a_typical_bug_takes_few_executions() -> None:
    """Nine bugs of ten are done within some forty executions in the mean."""
    means = []
    for fails, _ in BUGS.values():
        counts = [
            reduce(one, SPEC, fails, max_executions=MANY).minimality.executions for one in starts(fails, 2, seed=1)
        ]
        means.append(sum(counts) / len(counts))
    assert sorted(means)[len(means) * 9 // 10 - 1] <= TYPICAL


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(SPECS)), share=st.sampled_from((0, 2, 10, 30, 60, 100)))
def test_a_result_is_minimal_whatever_fails(data: Any, name: str, share: int) -> None:
    """The result fails, is ordinary and no larger than the start; its neighbors pass; reducing it keeps it."""
    contract = SPECS[name]
    start = data.draw(cases(contract))
    fails = patternless(start, share)
    reduced = reduce(start, contract, fails, max_executions=10 * MANY)
    assert fails(reduced.case)
    assert allowed(reduced.case, contract)
    assert size(reduced.case, contract) <= size(start, contract)
    assert reduced.minimality.one_minimal
    simpler = list(neighbors(reduced.case, contract))
    assert not any(map(fails, simpler))
    assert reduced.minimality.neighbors == len(simpler)
    again = reduce(
        reduced.case,
        contract,
        lambda one: fails(one) and size(one, contract) >= size(reduced.case, contract),
        max_executions=MANY,
    )
    assert again.case == reduced.case


@settings(max_examples=20)
@given(data=st.data(), share=st.sampled_from((5, 30)))
def test_nothing_runs_twice_and_all_runs_are_counted(data: Any, share: int) -> None:
    """No case is run twice, the start is not run at all, and each run is counted; the same runs come every time."""
    start = data.draw(cases(USUAL))
    fails = patternless(start, share)
    logs: list[list[str]] = [[], []]
    for log in logs:

        def logged(one: Case, log: list[str] = log) -> bool:
            log.append(dumps(one))
            return fails(one)

        reduced = reduce(start, USUAL, logged, max_executions=MANY)
        assert reduced.minimality.executions == len(log) == len(set(log))
        assert dumps(start) not in log
    assert logs[0] == logs[1]


@settings(max_examples=30)
@given(data=st.data(), limit=st.integers(0, 12))
def test_a_spent_budget_is_no_proof(data: Any, limit: int) -> None:
    """When executions run out, the best case so far comes back, and is not called minimal."""
    start = data.draw(cases(USUAL))
    runs: list[Case] = []

    def fails(one: Case) -> bool:
        runs.append(one)
        return len(one.batches[-1].pairs) >= min(3, len(start.batches[-1].pairs)) and one.mode == start.mode

    reduced = reduce(start, USUAL, fails, max_executions=limit)
    assert len(runs) == reduced.minimality.executions <= limit
    free = reduce(start, USUAL, fails, max_executions=MANY)
    assert reduced.minimality.one_minimal == (free.minimality.executions <= limit)
    assert size(free.case, USUAL) <= size(reduced.case, USUAL) <= size(start, USUAL)


def test_the_smallest_case_costs_nothing() -> None:
    """A case with no neighbors is minimal without a run."""
    reduced = reduce(case(((1, 1),)), SPEC, lambda _: True, max_executions=0)
    assert reduced.minimality.one_minimal
    assert reduced.minimality.executions == 0


@pytest.mark.parametrize("name", SPECS)
def test_every_kind_of_model_has_one_smallest_case(name: str) -> None:
    """Where all cases fail, all starts of one contract end at one case with no neighbors."""
    contract = SPECS[name]
    found: set[str] = set()

    @settings(max_examples=25)
    @given(start=cases(contract))
    def collect(start: Case) -> None:
        reduced = reduce(start, contract, lambda _: True, max_executions=60)
        assert list(neighbors(reduced.case, contract)) == []
        found.add(dumps(reduced.case))

    collect()
    assert len(found) == 1
