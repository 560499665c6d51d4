"""Rows of a case and their ids: where they stand, and cases with some of them replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, steps, width
from fuzzseq.cases.domain import id_range
from fuzzseq.targets.contract import SIDES, Contract, Side

#: Where a row stands: its batch, its place in it, its side.
At = tuple[int, int, Side]
Ids = tuple[int, ...]
T = TypeVar("T")


def with_batch(case: Case, index: int, batch: Batch) -> Case:
    """Return the case with one batch replaced."""
    return attrs.evolve(case, batches=(*case.batches[:index], batch, *case.batches[index + 1 :]))


def with_batches(case: Case, **settings: Any) -> Case:
    """Return the case with the same settings for every batch."""
    return each_batch(case, lambda batch: attrs.evolve(batch, **settings))


def each_batch(case: Case, change: Callable[[Batch], Batch]) -> Case:
    """Return the case with every batch changed."""
    return attrs.evolve(case, batches=tuple(map(change, case.batches)))


def each_pair(case: Case, change: Callable[[Pair], Pair]) -> tuple[Batch, ...]:
    """Return the batches with every pair changed."""
    return tuple(attrs.evolve(batch, pairs=tuple(map(change, batch.pairs))) for batch in case.batches)


def each_row(batch: Batch, side: Side, change: Callable[[Ids], Ids]) -> Batch:
    """Return the batch with the ids of every row of a side changed."""
    return attrs.evolve(
        batch, pairs=tuple(attrs.evolve(pair, **{side: change(getattr(pair, side))}) for pair in batch.pairs)
    )


def row_of(case: Case, at: At) -> Ids:
    """Return the ids of one row."""
    index, row, side = at
    pair = case.batches[index].pairs[row]
    return pair.source if side == "source" else pair.target


def rows_of(case: Case) -> list[tuple[At, Ids]]:
    """Return every row of both sides with where it stands: batch, row and side."""
    return [
        ((index, row, side), row_of(case, (index, row, side)))
        for index, batch in enumerate(case.batches)
        for row in range(len(batch.pairs))
        for side in SIDES
    ]


def with_row(case: Case, at: At, ids: Ids) -> Case:
    """Return the case with the ids of one row replaced; ``at`` is batch, row and side."""
    index, row, side = at
    pairs = list(case.batches[index].pairs)
    pairs[row] = attrs.evolve(pairs[row], **{side: ids})
    return with_batch(case, index, attrs.evolve(case.batches[index], pairs=tuple(pairs)))


def extra(batch: Batch, side: Side) -> int:
    """Return the columns of extra padding of one side."""
    return batch.extra_source if side == "source" else batch.extra_target


def with_extra(batch: Batch, side: Side, columns: int) -> Batch:
    """Return the batch with so many columns of extra padding on one side."""
    changed: dict[str, Any] = {f"extra_{side}": columns}
    return attrs.evolve(batch, **changed)


def is_longest(batch: Batch, pair: Pair, side: Side, contract: Contract) -> bool:
    """Say whether a row of a batch is as long as the longest of its side."""
    length = len(pair.source) if side == "source" else steps(pair.target, contract.tokens)
    return length == width(batch, side, contract) - extra(batch, side)


def merged(one: Pair, other: Pair) -> Pair:
    """Return a pair of the longer source and the longer target of two, those of the first where they are as long."""
    return Pair(*(max(ids, key=len) for ids in ((one.source, other.source), (one.target, other.target))))


def repeated(values: tuple[T, ...], count: int) -> tuple[T, ...]:
    """Return so many of the values, from the first on, again and again."""
    return tuple(values[index % len(values)] for index in range(count))


def next_id(word: int, side: Side, sizes: Mapping[str, int], contract: Contract, by: int = 1) -> int:
    """Return the next ordinary id of a side, or one that is ``by`` further; after the highest comes the lowest."""
    low, high = id_range(side, sizes, contract)
    return contract.word_near(side, low + (word - low + by) % max(1, high - low + 1), high)


def with_every_id(case: Case, side: Side, word: int) -> Case:
    """Return the case with one and the same id all over a side."""
    return each_batch(case, lambda batch: each_row(batch, side, lambda ids: (word,) * len(ids)))


def with_source_ids(case: Case, ids: Sequence[int]) -> Case:
    """Return the case with its source rows made of some ids in turn, each row as long as it is."""
    return each_batch(case, lambda batch: each_row(batch, "source", lambda row: repeated(tuple(ids), len(row))))


def with_other_row(case: Case, contract: Contract) -> Case:
    """Return a case whose last row holds other source ids than its first, where they are the same."""

    def changed(batch: Batch) -> Batch:
        *before, last = batch.pairs
        if not before or before[0] != last:
            return batch
        other = attrs.evolve(
            last, source=tuple(next_id(word, "source", case.dimensions, contract) for word in last.source)
        )
        return attrs.evolve(batch, pairs=(*before, other))

    return each_batch(case, changed) if contract.has_source else case


def rectangular(case: Case, contract: Contract) -> Case:
    """Return a case whose rows are all as long as the longest of their batch, their own ids repeated."""
    for side in SIDES:
        low, _ = id_range(side, case.dimensions, contract)

        def grown(batch: Batch, side: Side = side, low: int = low) -> Batch:
            longest = max(len(getattr(pair, side)) for pair in batch.pairs)
            return each_row(batch, side, lambda ids: repeated(ids or (low,), longest))

        case = each_batch(case, grown)
    return case


def with_longer_row(case: Case, side: Side, contract: Contract) -> Case:
    """Return a case whose batches have one id more in their first row of a side, its own ids repeated."""
    low, _ = id_range(side, case.dimensions, contract)
    for index, batch in enumerate(case.batches):
        ids = getattr(batch.pairs[0], side)
        case = with_row(case, (index, 0, side), repeated(ids or (low,), len(ids) + 1))
    return case
