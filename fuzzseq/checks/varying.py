"""Cases changed in one way: more padding, other ids, fewer rows. What a metamorphic check runs beside its base."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from fuzzseq.case import Batch, Case, Pair, tokens_for_steps, width
from fuzzseq.domain import id_range, legal_range, shared_dimensions
from fuzzseq.spec import Side, Spec

_COLUMNS = 2
#: As many steps as let a step have neighbours on both sides, and another further on.
_LONG = 4


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


def moved(word: int, low: int, high: int, by: int = 1) -> int:
    """Return the next ordinary id, or the one that is ``by`` further."""
    return low + (word - low + by) % max(1, high - low + 1)


def with_other_source(case: Case, spec: Spec, by: int = 1) -> tuple[Batch, ...] | None:
    """Return the batches with every source id moved to another one; None where a row has none, or there is no other.

    Some row of the last batch has to have another set of ids then: (3, 4) moved to (4, 3) is the same bag of words.
    """
    low, high = id_range("source", case.dimensions, spec)
    rows = [pair.source for batch in case.batches for pair in batch.pairs]
    if by > high - low or not rows or not all(rows):
        return None

    def changed(pair: Pair) -> Pair:
        return attrs.evolve(pair, source=tuple(moved(word, low, high, by) for word in pair.source))

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


def longer(case: Case, spec: Spec) -> Case | None:
    """Return a case of the last batch alone, its rows longer and of several words; None where they are already.

    A row of one word leaves out what any other has: a step before, a neighbour, a spread.
    """
    batch, sizes = case.batches[-1], case.sizes(spec)
    sides: tuple[tuple[Side, bool], ...] = (("source", spec.has_source), ("target", spec.has_target))
    for side, there in sides:
        name = f"{side}_length"
        if not there or fixed_length(side, spec):
            continue
        legal = legal_range(name, {**sizes, name: 0}, spec)
        steps = next((value for value in legal if value >= _LONG), legal[-1] if legal else 0)
        count = tokens_for_steps(steps, spec.tokens) if side == "target" else steps
        if all(len(row) >= count and len(set(row)) > 1 for row in (getattr(pair, side) for pair in batch.pairs)):
            continue
        low, high = id_range(side, case.dimensions, spec)
        rows = [tuple(moved(low, low, high, row + place) for place in range(count)) for row in range(len(batch.pairs))]
        pairs = [attrs.evolve(pair, **{side: row}) for pair, row in zip(batch.pairs, rows, strict=True)]
        bare = attrs.evolve(batch, extra_source=0) if side == "source" else attrs.evolve(batch, extra_target=0)
        batch = attrs.evolve(bare, pairs=tuple(pairs))
    return None if batch == case.batches[-1] else attrs.evolve(case, batches=(batch,))


def each_pair(case: Case, change: Callable[[Pair], Pair]) -> tuple[Batch, ...]:
    """Return the batches with every pair changed."""
    return tuple(attrs.evolve(batch, pairs=tuple(map(change, batch.pairs))) for batch in case.batches)
