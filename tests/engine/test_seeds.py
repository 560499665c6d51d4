"""A seed may be of any size: the cases, the weights and every generator follow from it."""

from __future__ import annotations

import pytest

from fuzzseq.events import CaseExecuted, TargetFinished
from fuzzseq.seeds import seed_of_cases
from tests.engine.running import events, of


def test_seeds_of_any_size():
    """A seed that every generator takes stands for itself, any other for one that they take."""
    small, large = (0, 1, 2**32 - 1), (2**32, 2**32 + 1, 2**64, 10**30)
    assert [seed_of_cases(seed) for seed in small] == list(small)
    made = [seed_of_cases(seed) for seed in large]
    assert all(0 <= seed < 2**32 for seed in made)
    assert len({*made, *small}) == 7


@pytest.mark.parametrize("seed", [2**32 - 1, 10**30])
def test_a_run_with_a_large_seed(seed):
    """A model is built, drawn for and run with a seed that no generator of Keras takes."""
    run = events(["fuzzseq/examples/initial_state.py"], seed=seed, max_cases=3, in_process=True, checks=("builds",))
    assert not any(event.failed for event in of(CaseExecuted, run))
    assert {finished.report.stop_reason for finished in of(TargetFinished, run)} == {"max_cases"}
