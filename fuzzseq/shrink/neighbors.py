"""The cases that are one step simpler than a case: all are tried before a case is called minimal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, pairwise
from typing import TypeVar

import attrs

from fuzzseq.cases.case import Batch, Case, StateKind, width
from fuzzseq.cases.domain import encodings, padding_side
from fuzzseq.cases.transforms import (
    At,
    capped,
    extra,
    followed,
    is_longest,
    merged,
    resized,
    row_of,
    rows_of,
    size_of,
    values_of,
    with_batch,
    with_extra,
    with_row,
)
from fuzzseq.shrink.order import size
from fuzzseq.shrink.search import permitted
from fuzzseq.targets.contract import Contract, Side

T = TypeVar("T")


def neighbors(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield every case that is one step simpler, each once, in a fixed order: data first, then settings, ids, sizes.

    A step is one thing less: a batch, a pair, a column, a token, a column of padding, the graph, a state, an encoding,
    an id, a dimension. A trade is a step too: two things change, and the case is smaller in the order all the same. All
    that is yielded is strictly smaller than the case, and in its domain.
    """
    ways = (_fewer, _shorter, _padding, _plainer, _dimensions)
    own = size(case, contract)
    seen: set[tuple[object, ...]] = set()
    for candidate in chain.from_iterable(way(case, contract) for way in ways):
        key = size(candidate, contract) if candidate.batches else None
        if key is not None and key < own and key not in seen and permitted(candidate, contract):
            seen.add(key)
            yield candidate


def _fewer(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the case with a batch less, and with two neighboring batches in the other order; the same of pairs.

    Pairs go as the next lower batch size takes; two rows are merged as well as swapped.
    """
    batches = case.batches
    for index in range(len(batches)):
        yield attrs.evolve(case, batches=batches[:index] + batches[index + 1 :])
    for index in range(len(batches) - 1):
        yield attrs.evolve(case, batches=_swapped(batches, index))
    for index, batch in enumerate(batches):
        count = len(batch.pairs)
        fewer = max((value for value in values_of(case, "batch_size", contract) if value < count), default=count - 1)
        gone = count - fewer
        for start in range(fewer + 1):
            left = batch.pairs[:start] + batch.pairs[start + gone :]
            yield followed(with_batch(case, index, attrs.evolve(batch, pairs=left)), "batch_size", contract)
        for row, (one, other) in enumerate(pairwise(batch.pairs)):
            both = (*batch.pairs[:row], merged(one, other), *batch.pairs[row + 2 :])
            yield followed(with_batch(case, index, attrs.evolve(batch, pairs=both)), "batch_size", contract)
            yield with_batch(case, index, attrs.evolve(batch, pairs=_swapped(batch.pairs, row)))
    yield from _lower(case, "batch_size", contract)


def _shorter(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the case with all rows of a side cut to the next shorter width, in one batch and in all; a token less."""
    for side in contract.sides():
        for index in range(len(case.batches)):
            alone = attrs.evolve(case, batches=(case.batches[index],))
            for shorter in _lower(alone, f"{side}_length", contract):
                yield attrs.evolve(with_batch(case, index, shorter.batches[0]), dimensions=shorter.dimensions)
        yield from _lower(case, f"{side}_length", contract)
    for at, ids in rows_of(case):
        for position in range(len(ids)):
            yield without_tokens(case, at, slice(position, position + 1), contract)


def lower_values(case: Case, name: str, contract: Contract) -> list[int]:
    """Return the values of a dimension below the one that a case has."""
    current = size_of(case, name, contract)
    return [value for value in values_of(case, name, contract) if value < current]


def _lower(case: Case, name: str, contract: Contract) -> Iterator[Case]:
    yield from (capped(case, name, value, contract) for value in lower_values(case, name, contract)[-1:])


def without_tokens(case: Case, at: At, gone: slice, contract: Contract) -> Case:
    """Return the case with some tokens of a row deleted; padding takes their place only where the width must stay."""
    index, _, side = at
    ids = list(row_of(case, at))
    del ids[gone]
    shorter = with_row(case, at, tuple(ids))
    natural = followed(shorter, f"{side}_length", contract)
    if permitted(natural, contract) or side not in contract.sides():
        return natural
    batch = shorter.batches[index]
    narrowed = width(case.batches[index], side, contract) - width(batch, side, contract)
    return with_batch(shorter, index, with_extra(batch, side, extra(batch, side) + narrowed))


def _padding(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the case with a column of padding less, filled, or moved to the target; with a source token moved there."""
    padded = [
        (at, each, side) for at, each in enumerate(case.batches) for side in contract.sides() if extra(each, side)
    ]
    for index, batch, side in padded:
        fewer = with_extra(batch, side, extra(batch, side) - 1)
        yield followed(with_batch(case, index, fewer), f"{side}_length", contract)
    for index, batch in enumerate(case.batches):
        for side in (side for at, _, side in padded if at == index):
            yield from (with_batch(case, index, filled) for filled in _filled(batch, side, contract))
        if batch.extra_source and contract.has_target:
            moved = attrs.evolve(batch, extra_source=batch.extra_source - 1, extra_target=batch.extra_target + 1)
            yield with_batch(case, index, moved)
        for row, pair in enumerate(batch.pairs):
            if pair.source and contract.has_target:
                shorter = with_row(case, (index, row, "source"), pair.source[:-1])
                yield with_row(shorter, (index, row, "target"), (*pair.target, contract.lowest_id("target")))


def _filled(batch: Batch, side: Side, contract: Contract) -> Iterator[Batch]:
    """Yield the batch with a token in place of a column of padding, in one of its longest rows, and in all of them."""
    longest = [row for row, pair in enumerate(batch.pairs) if is_longest(batch, pair, side, contract)]
    narrower = with_extra(batch, side, extra(batch, side) - 1)
    for chosen in (*([row] for row in longest), longest):
        pairs = list(batch.pairs)
        for row in chosen:
            ids = (*getattr(pairs[row], side), contract.lowest_id(side))
            pairs[row] = attrs.evolve(pairs[row], **{side: ids})
        yield attrs.evolve(narrower, pairs=tuple(pairs))


def _plainer(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the case handed over in a plainer way, with seed 0, with an id lower, and with two ids of a row swapped."""
    yield attrs.evolve(case, mode="eager")
    for index, batch in enumerate(case.batches):
        state: StateKind = "zeros" if batch.initial_state == "random" else "none"
        yield with_batch(case, index, attrs.evolve(batch, initial_state=state))
        yield with_batch(case, index, attrs.evolve(batch, target_encoding=encodings(contract)[0]))
        yield with_batch(case, index, attrs.evolve(batch, padding=padding_side(contract)))
    yield attrs.evolve(case, seed=0)
    for at, ids in rows_of(case):
        low = contract.lowest_id(at[2])
        for position, word in enumerate(ids):
            for lower in (low, word - 1):
                yield with_row(case, at, (*ids[:position], lower, *ids[position + 1 :]))
        for position in range(len(ids) - 1):
            yield with_row(case, at, _swapped(ids, position))


def _dimensions(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the case with one dimension of the build a step lower, and then with a later one a step higher besides."""
    names = [name for name in contract.build_dimensions() if name in case.dimensions]
    for name in names:
        yield from _lower(case, name, contract)
    for name, later in combinations(names, 2):
        for lower in _lower(case, name, contract):
            current = case.dimensions[later]
            higher = [value for value in values_of(lower, later, contract) if value > current]
            if higher and lower.dimensions[later] == current:
                yield resized(lower, later, higher[0], contract)


def _swapped(values: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*values[:index], values[index + 1], values[index], *values[index + 2 :])
