from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.shrink import size
from fuzzseq.strategies import cases
from tests.shrink.bugs import SPEC, case, handed
from tests.shrink.specs import SPECS

ONE = case(((1, 1),))


def ids(*pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> Case:
    """Return a case of one batch with these ids."""
    return attrs.evolve(ONE, batches=(Batch(pairs=tuple(Pair(*pair) for pair in pairs), target_encoding="one_hot"),))


LADDER: dict[str, tuple[Case, Case]] = {
    "a batch outweighs pairs": (case(((12, 12),) * 6), case(((1, 1),), ((1, 1),))),
    "a pair outweighs columns": (case(((12, 12),)), case(((1, 1), (1, 1)))),
    "a column outweighs tokens": (case(((3, 3),) * 3), case(((1, 1), (1, 1), (6, 1)))),
    "tokens are preferred to padding": (case(((9, 1),)), case(((1, 1),), extra_source=8)),
    "a token outweighs dimensions": (case(((2, 1),), units=16), case(((2, 2),))),
    "a dimension outweighs the mode": (case(((1, 1),), mode="graph"), case(((1, 1),), units=3)),
    "eager outweighs the state": (handed(ONE, initial_state="random"), case(((1, 1),), mode="graph")),
    "zeros come before a random state": (handed(ONE, initial_state="zeros"), handed(ONE, initial_state="random")),
    "a state outweighs the encoding": (
        handed(ONE, target_encoding="smoothed_one_hot"),
        handed(ONE, initial_state="zeros"),
    ),
    "the encoding outweighs the side of padding": (
        handed(ONE, padding="pre"),
        handed(ONE, target_encoding="smoothed_one_hot"),
    ),
    "the side of padding outweighs ids": (ids(((9,), ())), handed(ONE, padding="pre")),
    "short sources come first": (case(((1, 2),)), case(((2, 1),))),
    "short rows come first": (case(((1, 1), (2, 1))), case(((2, 1), (1, 1)))),
    "source padding goes first": (case(((1, 1),), extra_target=1), case(((1, 1),), extra_source=1)),
    "of one sum the first dimension is the smaller": (
        case(((1, 1),), source_vocab_size=5, units=3),
        case(((1, 1),), source_vocab_size=6, units=2),
    ),
    "ids outweigh the seed": (attrs.evolve(ONE, seed=9), ids(((4,), ()))),
    "low ids come first": (ids(((3, 4), ())), ids(((4, 3), ()))),
    "an ordinary id comes before one below": (ids(((3,), ())), ids(((2,), ()))),
}


@pytest.mark.parametrize("rule", LADDER)
def test_what_counts_most_comes_first(rule: str) -> None:
    """Each rule of the docstring holds, whatever the later ones say."""
    smaller, larger = LADDER[rule]
    assert size(smaller, SPEC) < size(larger, SPEC)


@given(data=st.data(), name=st.sampled_from(sorted(SPECS)))
def test_two_cases_are_never_equally_small(data: Any, name: str) -> None:
    """Keys are equal only where cases are, and any two keys can be compared."""
    contract = SPECS[name]
    one, other = data.draw(cases(contract)), data.draw(cases(contract))
    assert (size(one, contract) == size(other, contract)) == (one == other)
    assert one == other or (size(one, contract) < size(other, contract)) != (
        size(other, contract) < size(one, contract)
    )


def test_every_field_counts() -> None:
    """No field of a Case, a Batch or a Pair is left out of the key."""
    changed = {
        "dimensions": {**ONE.dimensions, "units": 3},
        "batches": ONE.batches * 2,
        "mode": "graph",
        "seed": 1,
        "domain": "edge",
    }
    batch = {
        "pairs": (Pair((4,)),),
        "initial_state": "zeros",
        "target_encoding": "sparse",
        "padding": "pre",
        "extra_source": 1,
        "extra_target": 1,
    }
    assert set(changed) == {field.name for field in attrs.fields(Case)}
    assert set(batch) == {field.name for field in attrs.fields(Batch)}
    others = [attrs.evolve(ONE, **{name: value}) for name, value in changed.items()]
    others += [handed(ONE, **{name: value}) for name, value in batch.items()]
    assert all(size(other, SPEC) > size(ONE, SPEC) for other in others if other.domain == "ordinary")
    assert len({repr(size(other, SPEC)) for other in (ONE, *others)}) == len(others) + 1
