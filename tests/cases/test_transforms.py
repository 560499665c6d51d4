"""What is made of a case by editing it stays among the ids of its model, whatever ids its special tokens have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzseq.cases import transforms
from fuzzseq.cases.case import Batch, Case
from fuzzseq.cases.domain import allowed, id_range, legal_values
from fuzzseq.diagnosis.interventions import build_changes, manner_changes, sweeps
from fuzzseq.shrink import neighbors
from fuzzseq.strategies import cases
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.tokens import Tokens
from tests.shrink.specs import SPECS

TOKENS = (
    Tokens(),
    Tokens(pad=0, start=7, end=8),
    Tokens(pad=5, start=None, end=6),
    Tokens(pad=3, start=None, end=None, label_pad=0),
)


def odd_ids(case: Case, contract: Contract) -> list[tuple[str, int]]:
    """Return the ids of a case that are no ordinary ones of its sizes; the last of a table may be all that there is."""
    ranges = {side: id_range(side, case.dimensions, contract) for side in ("source", "target")}
    ids = [(s, i) for b in case.batches for p in b.pairs for s in ranges for i in getattr(p, s)]
    return [
        (side, i)
        for side, i in ids
        if not ranges[side][0] <= i <= ranges[side][1] or not (contract.is_word(side, i) or ranges[side][1] == i)
    ]


def edited(case: Case, contract: Contract) -> Iterator[tuple[str, Case | None]]:
    """Yield what each edit makes of a case, with its name: the diagnosis', the shrinker's, the checks'."""
    for change in (*manner_changes(case, contract), *build_changes(case, contract)):
        yield change.change, change.case
    for changes in chain.from_iterable(sweeps(case, contract, (4, 9))):
        yield from ((change.change, change.case) for change in changes)
    for name in contract.names():
        for value in transforms.values_of(case, name, contract)[:3]:
            yield f"{name} at most {value}", transforms.capped(case, name, value, contract)
            yield f"{name} = {value}", transforms.resized(case, name, value, contract)
    for side in contract.sides():
        yield f"a longer {side}", transforms.with_longer_row(case, side, contract)
        yield f"a padded {side}", evolved(case, transforms.with_padding(case, side, contract))
    yield "another row", transforms.with_other_row(case, contract)
    yield "another source", evolved(case, transforms.with_other_source(case, contract))
    for read in (False, True):
        yield "another end", evolved(case, transforms.with_other_ends(case, contract, read))
    yield from (("wider rows", transforms.wider(case, contract)), ("a wider model", transforms.widened(case, contract)))
    yield "longer rows", transforms.longer(case, contract)
    yield from (("a neighbor", neighbor) for neighbor in neighbors(case, contract))


def evolved(case: Case, batches: tuple[Batch, ...] | None) -> Case | None:
    """Return the case with other batches, where there are any."""
    return None if batches is None else attrs.evolve(case, batches=batches)


@pytest.mark.parametrize("kind", SPECS)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_ids_stay_ordinary(kind: str, data: st.DataObject) -> None:
    """Every edit of an ordinary case gives ordinary ids."""
    contract = attrs.evolve(SPECS[kind], tokens=data.draw(st.sampled_from(TOKENS)))
    case = data.draw(cases(contract))
    assert not odd_ids(case, contract)
    for name, changed in edited(case, contract):
        assert changed is None or not odd_ids(changed, contract), name


@pytest.mark.parametrize("kind", SPECS)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_model_built_otherwise_takes_its_rows(kind: str, data: st.DataObject) -> None:
    """What the diagnosis builds in another size is a case that the model allows: its rows follow, as when shrinking."""
    contract = SPECS[kind]
    case = data.draw(cases(contract))
    for change in build_changes(case, contract):
        lengths = [legal_values(f"{side}_length", change.case.dimensions, contract) for side in contract.sides()]
        assert allowed(change.case, contract) or not all(lengths), change.change
        assert change.value is not None
        assert change.case == transforms.capped(case, change.factor, change.value, contract)
