from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzseq.cases.case import Batch, Case, Pair, width
from fuzzseq.cases.domain import allowed
from fuzzseq.cases.edge import features
from fuzzseq.shrink import neighbors, size
from fuzzseq.strategies import cases
from tests.shrink.bugs import SPEC, case, handed
from tests.shrink.specs import LIMITED, SPECS, STATIC, TIED

ONE = case(((1, 1),))


def one_batch(spec_dimensions: dict[str, int], *pairs: Pair, **settings: Any) -> Case:
    """Return a case of one batch."""
    return Case(dimensions=spec_dimensions, batches=(Batch(pairs=pairs, **settings),))


@settings(max_examples=50)
@given(data=st.data(), name=st.sampled_from(sorted(SPECS)))
def test_neighbors_are_smaller_and_ordinary(data: Any, name: str) -> None:
    """Every neighbor is strictly smaller, in the ordinary domain, and yielded once, in one order."""
    contract = SPECS[name]
    start = data.draw(cases(contract))
    found = list(neighbors(start, contract))
    assert all(size(one, contract) < size(start, contract) and allowed(one, contract) for one in found)
    assert len({repr(one) for one in found}) == len(found)
    assert found == list(neighbors(start, contract))


def test_the_smallest_case_has_no_neighbors() -> None:
    """One row of one step, lowest sizes, no settings: nothing is simpler."""
    assert list(neighbors(ONE, SPEC)) == []


SIMPLER: dict[str, tuple[Case, Case]] = {
    "a batch less": (case(((1, 1),), ((1, 1),)), ONE),
    "batches swapped": (case(((1, 1), (1, 1)), ((1, 1),)), case(((1, 1),), ((1, 1), (1, 1)))),
    "a pair less": (case(((1, 1), (2, 1))), case(((2, 1),))),
    "rows swapped": (case(((2, 1), (1, 1))), case(((1, 1), (2, 1)))),
    "rows merged": (case(((7, 1), (1, 7))), case(((7, 7),))),
    "all rows a column less": (case(((3, 1), (3, 1))), case(((2, 1), (2, 1)))),
    "a token less": (case(((3, 1), (3, 1))), case(((2, 1), (3, 1)))),
    "a column of padding less": (case(((1, 1),), extra_source=2), case(((1, 1),), extra_source=1)),
    "a column of padding filled": (case(((1, 1),), extra_source=2), case(((2, 1),), extra_source=1)),
    "all rows filled": (case(((1, 1), (1, 1)), extra_source=1), case(((2, 1), (2, 1)))),
    "padding moved": (case(((1, 1),), extra_source=1), case(((1, 1),), extra_target=1)),
    "a token moved": (case(((2, 1),)), case(((1, 2),))),
    "eager": (case(((1, 1),), mode="graph"), ONE),
    "a kind of state lower": (handed(ONE, initial_state="random"), handed(ONE, initial_state="zeros")),
    "no state": (handed(ONE, initial_state="zeros"), ONE),
    "the usual encoding": (handed(ONE, target_encoding="smoothed_one_hot"), ONE),
    "the usual seed": (attrs.evolve(ONE, seed=5), ONE),
    "a lower id": (case(((1, 1),), last=True), ONE),
    "a dimension less": (case(((1, 1),), units=3), ONE),
    "a dimension traded": (case(((1, 1),), embedding_dim=3), case(((1, 1),), units=3)),
}


@pytest.mark.parametrize("step", SIMPLER)
def test_each_kind_of_step_is_taken(step: str) -> None:
    """Each kind of step, and each trade, is among the neighbors."""
    start, simpler = SIMPLER[step]
    assert simpler in list(neighbors(start, SPEC))


def test_an_id_goes_one_down_and_to_the_lowest() -> None:
    """Of an id, the lowest ordinary one and the one below are tried."""
    sizes = {**ONE.dimensions, "source_vocab_size": 9}
    found = neighbors(one_batch(sizes, Pair((6,)), target_encoding="one_hot"), SPEC)
    tried = [one.batches[0].pairs[0].source for one in found if one.dimensions == sizes]
    assert {(3,), (5,)} <= set(tried)


def test_an_id_at_the_last_row_stays_at_the_last_row() -> None:
    """When a vocabulary shrinks, its last row and what lies beyond it move along."""
    start = one_batch({**ONE.dimensions, "source_vocab_size": 9}, Pair((8, 4)), target_encoding="one_hot")
    rows = [
        one.batches[0].pairs[0].source for one in neighbors(start, SPEC) if one.dimensions["source_vocab_size"] == 8
    ]
    assert (7, 4) in rows


def test_a_tied_dimension_follows() -> None:
    """``num_heads`` can go down although ``units`` is its multiple: ``units`` goes to its nearest legal value."""
    sizes = {"source_vocab_size": 5, "target_vocab_size": 5, "units": 8, "num_heads": 4}
    found = {(n.dimensions["units"], n.dimensions["num_heads"]) for n in neighbors(one_batch(sizes, Pair((3,))), TIED)}
    assert (6, 3) in found
    assert (4, 4) not in found  # a head of width one is none that people train


def test_rows_follow_the_length_that_a_model_is_built_for() -> None:
    """When ``max_length`` shrinks, rows are cut and padding is taken away as far as they must."""
    start = one_batch({"vocab_size": 5, "units": 2, "max_length": 4}, Pair((3,) * 4, (3,)), extra_target=2)
    assert allowed(start, LIMITED)
    shorter = one_batch({"vocab_size": 5, "units": 2, "max_length": 3}, Pair((3,) * 3, (3,)), extra_target=1)
    assert shorter in list(neighbors(start, LIMITED))


def test_a_fixed_width_and_a_fixed_batch_size_stay_legal() -> None:
    """Where widths go in twos and rows too, a step takes two; a token deleted alone leaves padding in its place."""
    sizes = {"vocab_size": 5, "embedding_dim": 2, "max_source_length": 2}
    start = one_batch(sizes, *(Pair((3,) * 4),) * 4)
    assert allowed(start, STATIC)
    found = list(neighbors(start, STATIC))
    assert one_batch(sizes, *(Pair((3,) * 4),) * 2) in found
    assert one_batch(sizes, *(Pair((3,) * 2),) * 4) in found
    assert {width(one.batches[0], "source", STATIC) for one in found} == {2, 4}
    assert one_batch(sizes, Pair((3,) * 3), *(Pair((3,) * 4),) * 3) in found


def test_the_last_token_of_a_fixed_width_is_replaced_by_padding() -> None:
    """Padding counts more than tokens, so that a full row is smaller than a padded one."""
    sizes = {"vocab_size": 5, "embedding_dim": 2, "max_source_length": 2}
    padded = one_batch(sizes, *(Pair((3,)),) * 2, extra_source=1)
    assert one_batch(sizes, *(Pair((3, 3)),) * 2) in list(neighbors(padded, STATIC))
    assert padded not in list(neighbors(one_batch(sizes, *(Pair((3, 3)),) * 2), STATIC))


def test_an_edge_is_kept() -> None:
    """What puts a case at an edge stays: an empty row, a batch without rows, a width of one; all else gets smaller."""
    encoded = {"target_encoding": "one_hot"}
    rowless = attrs.evolve(one_batch(ONE.dimensions, Pair((3, 3), ()), Pair((), ()), **encoded), domain="edge")
    found = list(neighbors(rowless, SPEC))
    assert any(one.batches[0].pairs == (Pair(),) for one in found)
    assert all(features(one, SPEC) and one.domain == "edge" for one in found)
    narrow = attrs.evolve(one_batch({**ONE.dimensions, "units": 1}, Pair((3, 3), ()), **encoded), domain="edge")
    assert {one.dimensions["units"] for one in neighbors(narrow, SPEC)} == {1}


def test_an_invalid_case_keeps_a_batch_and_its_oddity() -> None:
    """An invalid case may lose its rows and never its last batch; an odd id keeps its distance."""
    start = attrs.evolve(
        one_batch({**ONE.dimensions, "source_vocab_size": 6}, Pair((6,), ()), Pair((), ()), target_encoding="one_hot"),
        domain="invalid",
    )
    found = list(neighbors(start, SPEC))
    assert all(one.batches and one.domain == "invalid" for one in found)
    assert any(one.batches[0].pairs == (Pair(),) for one in found)
    assert any(one.dimensions["source_vocab_size"] == 5 and one.batches[0].pairs[0].source == (5,) for one in found)
