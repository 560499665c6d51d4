"""Cases of another size: what rows, ids and other sizes do when one dimension changes.

Where a length changes, a longer row loses its end. Where a vocabulary changes, an id at its last row stays there, and
the others stay where they are as far as it reaches. What is declared to depend on a size takes its nearest legal value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import attrs

from fuzzseq.cases.case import Batch, Case, tokens_for_steps, width
from fuzzseq.cases.domain import dependency_order, id_range, legal_values, relatives
from fuzzseq.cases.transforms.rows import each_batch, each_row, repeated, with_batch, with_extra
from fuzzseq.targets.contract import SIDES, Contract, Side

_LENGTHS: Mapping[str, Side] = {"source_length": "source", "target_length": "target"}


def size_of(case: Case, name: str, contract: Contract) -> int:
    """Return a dimension of the case; of a dimension of a batch the largest over all batches."""
    return max(case.sizes(contract, index)[name] for index in range(len(case.batches)))


def values_of(case: Case, name: str, contract: Contract) -> list[int]:
    """Return, ascending, the values that a dimension may be given in this case; what follows it is left out."""
    following = {name, *followers(name, contract)}
    others = {other: value for other, value in case.sizes(contract).items() if other not in following}
    return legal_values(name, others, contract)


def capped(case: Case, name: str, value: int, contract: Contract) -> Case:
    """Return the case with no batch larger than a value; a dimension of the build is set to it. The others follow."""
    if name in case.dimensions:
        return resized(case, name, value, contract)

    def smaller(batch: Batch) -> Batch:
        if name not in _LENGTHS:
            return attrs.evolve(batch, pairs=batch.pairs[:value])
        side = _LENGTHS[name]
        return with_columns(batch, side, value, contract) if width(batch, side, contract) > value else batch

    return followed(each_batch(case, smaller), name, contract)


def resized(case: Case, name: str, value: int, contract: Contract) -> Case:
    """Return the case with a dimension at a value in all batches: rows, or ids of each row, are repeated to fill it.

    What depends on a dimension of the build follows it; a dimension of a batch is changed alone.
    """
    if name in case.dimensions:
        return followed(with_dimensions(case, {name: value}, contract), name, contract)
    if name not in _LENGTHS:
        return each_batch(case, lambda batch: with_rows(batch, value))
    side = _LENGTHS[name]
    low, _ = id_range(side, case.dimensions, contract)
    count = _ids_of_columns(value, side, contract)

    def filled(batch: Batch) -> Batch:
        return with_extra(each_row(batch, side, lambda ids: repeated(ids or (low,), count)), side, 0)

    return each_batch(case, filled)


def with_rows(batch: Batch, count: int) -> Batch:
    """Return the batch with so many rows, the first ones repeated."""
    return attrs.evolve(batch, pairs=repeated(batch.pairs, count))


def with_columns(batch: Batch, side: Side, columns: int, contract: Contract) -> Batch:
    """Return the batch with one side so many columns wide: longer rows lose their end, and padding fills the rest."""
    count = _ids_of_columns(columns, side, contract)
    shorter = with_extra(each_row(batch, side, lambda ids: ids[:count]), side, 0)
    return with_extra(shorter, side, max(0, columns - width(shorter, side, contract)))


def _ids_of_columns(columns: int, side: Side, contract: Contract) -> int:
    return max(0, columns if side == "source" else tokens_for_steps(columns, contract.tokens))


def with_dimensions(case: Case, values: Mapping[str, int], contract: Contract) -> Case:
    """Return the case with dimensions of the build set; an id at the last row of a vocabulary stays at its last row."""
    changed = attrs.evolve(case, dimensions={**case.dimensions, **values})
    for side in SIDES:
        name = contract.vocabulary(side)
        if name is not None and name in values and name in case.dimensions:
            changed = _with_vocabulary(changed, side, case.dimensions[name], values[name])
    return changed


def _with_vocabulary(case: Case, side: Side, old: int, new: int) -> Case:
    def row_of_table(word: int) -> int:
        return word - old + new if word >= old - 1 else min(word, new - 1)

    return each_batch(case, lambda batch: each_row(batch, side, lambda ids: tuple(map(row_of_table, ids))))


def followers(name: str, contract: Contract) -> frozenset[str]:
    """Return the dimensions that are declared to depend on one, directly or through others."""
    found: set[str] = set()
    fresh = {name}
    while fresh:
        fresh = (
            {other for other, declared in contract.dimensions.items() if fresh & set(declared.ties())} - found - {name}
        )
        found |= fresh
    return frozenset(found)


def followed(case: Case, name: str, contract: Contract) -> Case:
    """Return the case with what depends on a dimension snapped to its nearest legal value, the lower one first.

    Rows follow a dimension of the build that their length is tied to, and any change of a batch; a width that the model
    fixes is always kept.
    """
    following = followers(name, contract)
    sizes = {other: value for other, value in case.sizes(contract).items() if other not in following}
    snapped: dict[str, int] = {}
    for other in dependency_order(contract):
        if other in following and other in case.dimensions:
            snapped[other] = sizes[other] = _nearest(legal_values(other, sizes, contract), case.dimensions[other])
    changed = with_dimensions(case, snapped, contract)
    for length, side in _LENGTHS.items():
        if length != name and side in contract.sides() and case.domain == "ordinary":
            legal = changed
            for index, batch in enumerate(changed.batches):
                those = legal.sizes(contract, index)
                nearest = _nearest(legal_values(length, those, contract), those[length])
                if nearest != those[length]:
                    legal = with_batch(legal, index, with_columns(batch, side, nearest, contract))
            free = name in case.dimensions and length not in contract.static
            if legal is not changed and (not free or length in relatives(name, contract)):
                changed = legal
    return changed


def _nearest(values: Sequence[int], value: int) -> int:
    """Return the highest of ascending values that is not above ``value``, else the lowest, else ``value`` itself."""
    return values[max(0, bisect_right(values, value) - 1)] if values else value
