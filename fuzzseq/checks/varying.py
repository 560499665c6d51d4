"""Cases changed in one way: more padding, other ids, fewer rows. What a metamorphic check runs beside its base."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from fuzzseq.case import Batch, Case, Pair, width
from fuzzseq.domain import id_range, legal_range, shared_dimensions
from fuzzseq.spec import Side, Spec

_COLUMNS = 2


def fixed_length(side: Side, spec: Spec) -> bool:
    """Say whether the built model fixes the width of a side."""
    return f"{side}_length" in shared_dimensions(spec)


def paddable(side: Side, spec: Spec) -> bool:
    """Say whether a side can have more columns of padding at all, in some case."""
    length = spec.range_of(f"{side}_length")
    return not fixed_length(side, spec) and not (side == "source" and spec.preprocess) and length.min < length.max


def with_padding(case: Case, side: Side, spec: Spec) -> tuple[Batch, ...] | None:
    """Return the batches with two more columns of padding on a side, or as many as reach a legal width; else None."""
    if not paddable(side, spec):
        return None
    name = f"{side}_length"
    grown = []
    for index, batch in enumerate(case.batches):
        now = width(batch, side, spec)
        wider = [value for value in legal_range(name, case.sizes(spec, index), spec) if value > now]
        if not wider:
            return None
        more = min(wider, key=lambda value: abs(value - now - _COLUMNS)) - now
        if side == "source":
            grown.append(attrs.evolve(batch, extra_source=batch.extra_source + more))
        else:
            grown.append(attrs.evolve(batch, extra_target=batch.extra_target + more))
    return tuple(grown)


def moved(word: int, low: int, high: int) -> int:
    """Return the next ordinary id."""
    return low + (word - low + 1) % max(1, high - low + 1)


def with_other_source(case: Case, spec: Spec) -> tuple[Batch, ...] | None:
    """Return the batches with every source id moved to another one; None where a row has none, or there is no other.

    Some row of the last batch has to have another set of ids then: (3, 4) moved to (4, 3) is the same bag of words.
    """
    low, high = id_range("source", case.dimensions, spec)
    rows = [pair.source for batch in case.batches for pair in batch.pairs]
    if low == high or not rows or not all(rows):
        return None

    def changed(pair: Pair) -> Pair:
        return attrs.evolve(pair, source=tuple(moved(word, low, high) for word in pair.source))

    others = each_pair(case, changed)
    moves = zip(case.batches[-1].pairs, others[-1].pairs, strict=True)
    return others if any(set(one.source) != set(two.source) for one, two in moves) else None


def with_other_ends(case: Case, spec: Spec) -> tuple[Batch, ...] | None:
    """Return the batches with the last id of every target row moved to another one; None where a row has none."""
    low, high = id_range("target", case.dimensions, spec)
    if low == high or not any(pair.target for batch in case.batches for pair in batch.pairs):
        return None

    def changed(pair: Pair) -> Pair:
        if not pair.target:
            return pair
        return attrs.evolve(pair, target=(*pair.target[:-1], moved(pair.target[-1], low, high)))

    return each_pair(case, changed)


def each_pair(case: Case, change: Callable[[Pair], Pair]) -> tuple[Batch, ...]:
    """Return the batches with every pair changed."""
    return tuple(attrs.evolve(batch, pairs=tuple(map(change, batch.pairs))) for batch in case.batches)
