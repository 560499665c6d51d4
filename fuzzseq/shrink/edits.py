"""Changes to a case, one size or one row at a time; what hangs on a changed size follows it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, steps, tokens_for_steps, width
from fuzzseq.cases.domain import allowed, completion, dependency_order, legal_values
from fuzzseq.cases.edge import features
from fuzzseq.shrink.order import SIDES, sides
from fuzzseq.targets.spec import Side, Spec

#: Where a row stands: its batch, its place in it, its side.
At = tuple[int, int, Side]

LENGTHS: Mapping[str, Side] = {"source_length": "source", "target_length": "target"}


def permitted(case: Case, spec: Spec) -> bool:
    """Say whether a case stays in its domain; an invalid one only needs a batch, one at an edge the one thing there."""
    if case.domain == "invalid":
        return bool(case.batches)
    return allowed(case, spec) and (case.domain == "ordinary" or len(features(case, spec)) == 1)


def with_batch(case: Case, index: int, batch: Batch) -> Case:
    """Return the case with one batch replaced."""
    return attrs.evolve(case, batches=(*case.batches[:index], batch, *case.batches[index + 1 :]))


def with_batches(case: Case, **settings: Any) -> Case:
    """Return the case with the same settings for every batch."""
    return attrs.evolve(case, batches=tuple(attrs.evolve(batch, **settings) for batch in case.batches))


def with_row(case: Case, at: At, ids: tuple[int, ...]) -> Case:
    """Return the case with the ids of one row replaced; ``at`` is batch, row and side."""
    index, row, side = at
    pairs = list(case.batches[index].pairs)
    pairs[row] = attrs.evolve(pairs[row], **{side: ids})
    return with_batch(case, index, attrs.evolve(case.batches[index], pairs=tuple(pairs)))


def row_of(case: Case, at: At) -> tuple[int, ...]:
    """Return the ids of one row."""
    index, row, side = at
    pair = case.batches[index].pairs[row]
    return pair.source if side == "source" else pair.target


def rows(case: Case) -> list[tuple[At, tuple[int, ...]]]:
    """Return every row of both sides with where it stands: batch, row and side."""
    return [
        ((index, row, side), row_of(case, (index, row, side)))
        for index, batch in enumerate(case.batches)
        for row in range(len(batch.pairs))
        for side in SIDES
    ]


def extra(batch: Batch, side: Side) -> int:
    """Return the columns of extra padding of one side."""
    return batch.extra_source if side == "source" else batch.extra_target


def merged(one: Pair, other: Pair) -> Pair:
    """Return a pair of the longer source and the longer target of two, those of the first where they are as long."""
    return Pair(*(max(ids, key=len) for ids in ((one.source, other.source), (one.target, other.target))))


def with_extra(batch: Batch, side: Side, columns: int) -> Batch:
    """Return the batch with so many columns of extra padding on one side."""
    changed: dict[str, Any] = {f"extra_{side}": columns}
    return attrs.evolve(batch, **changed)


def cut(batch: Batch, side: Side, columns: int, spec: Spec) -> Batch:
    """Return the batch with one side so many columns wide: longer rows lose their end, and padding fills the rest."""
    keep = max(0, columns if side == "source" else tokens_for_steps(columns, spec.tokens))
    pairs = tuple(attrs.evolve(pair, **{side: getattr(pair, side)[:keep]}) for pair in batch.pairs)
    shorter = with_extra(attrs.evolve(batch, pairs=pairs), side, 0)
    return with_extra(shorter, side, max(0, columns - width(shorter, side, spec)))


def size_of(case: Case, name: str, spec: Spec) -> int:
    """Return a dimension of the case; of a dimension of a batch the largest over all batches."""
    return max(case.sizes(spec, index)[name] for index in range(len(case.batches)))


def others_of(case: Case, name: str, spec: Spec) -> dict[str, int]:
    """Return the sizes that a new value of a dimension must agree with; those that follow it are left out."""
    following = {name, *followers(name, spec)}
    return {other: value for other, value in case.sizes(spec).items() if other not in following}


def values_of(case: Case, name: str, spec: Spec) -> list[int]:
    """Return, ascending, the values that a dimension may be given in this case."""
    return legal_values(name, others_of(case, name, spec), spec)


def with_size(case: Case, name: str, value: int, spec: Spec) -> Case:
    """Return the case with a dimension lowered to a value in every batch, or set, where it is one of the build."""
    if name in case.dimensions:
        changed = with_dimensions(case, {name: value}, spec)
    elif name in LENGTHS:
        side = LENGTHS[name]
        narrower = (cut(b, side, value, spec) if width(b, side, spec) > value else b for b in case.batches)
        changed = attrs.evolve(case, batches=tuple(narrower))
    else:
        fewer = (attrs.evolve(batch, pairs=batch.pairs[:value]) for batch in case.batches)
        changed = attrs.evolve(case, batches=tuple(fewer))
    return followed(changed, name, spec)


def with_dimensions(case: Case, values: Mapping[str, int], spec: Spec) -> Case:
    """Return the case with dimensions of the build set; an id at the last row of a vocabulary stays at its last row."""
    changed = attrs.evolve(case, dimensions={**case.dimensions, **values})
    for side in SIDES:
        name = spec.vocabulary(side)
        if name is not None and name in values and name in case.dimensions:
            old, new = case.dimensions[name], values[name]
            for at, ids in rows(changed):
                if at[2] == side:
                    changed = with_row(changed, at, tuple(moved(word, old, new) for word in ids))
    return changed


def moved(word: int, old: int, new: int) -> int:
    """Return where an id goes when its vocabulary changes: the last row, and what lies beyond it, move along."""
    return word - old + new if word >= old - 1 else min(word, new - 1)


def followers(name: str, spec: Spec) -> frozenset[str]:
    """Return the dimensions that are declared to depend on one, directly or through others."""
    found: set[str] = set()
    fresh = {name}
    while fresh:
        fresh = {other for other, declared in spec.dimensions.items() if fresh & set(declared.ties())} - found - {name}
        found |= fresh
    return frozenset(found)


def followed(case: Case, name: str, spec: Spec) -> Case:
    """Return the case with what depends on a dimension snapped to its nearest legal value, the lower one first."""
    following = followers(name, spec)
    sizes = {other: value for other, value in case.sizes(spec).items() if other not in following}
    snapped: dict[str, int] = {}
    for other in dependency_order(spec):
        if other in following and other in case.dimensions:
            snapped[other] = sizes[other] = nearest_value(legal_values(other, sizes, spec), case.dimensions[other])
    changed = with_dimensions(case, snapped, spec)
    for side in sides(spec):
        if f"{side}_length" != name:
            changed = _refitted(changed, side, spec)
    return changed


def _refitted(case: Case, side: Side, spec: Spec) -> Case:
    """Return the case with the batches cut, or padded, whose width is no longer legal, in the ordinary domain."""
    if case.domain != "ordinary":
        return case
    for index, batch in enumerate(case.batches):
        sizes = case.sizes(spec, index)
        values = legal_values(f"{side}_length", sizes, spec)
        if values and sizes[f"{side}_length"] not in values:
            columns = nearest_value(values, sizes[f"{side}_length"])
            case = with_batch(case, index, cut(batch, side, columns, spec))
    return case


def nearest_value(values: Sequence[int], value: int) -> int:
    """Return the highest of ascending values that is not above ``value``, else the lowest, else ``value`` itself."""
    if not values:
        return value
    return values[max(0, bisect_right(values, value) - 1)]


def lowest_dimensions(spec: Spec) -> dict[str, int]:
    """Return the smallest legal setting of the dimensions of the build; empty where ties leave none."""
    build = spec.build_dimensions()
    return completion({}, [name for name in dependency_order(spec) if name in build], spec) or {}


def shortest(at: At, spec: Spec) -> int:
    """Return how few ids a row may hold in the ordinary domain."""
    if at[2] == "source":
        return int(spec.has_source)
    return max(0, tokens_for_steps(1, spec.tokens)) if spec.has_target else 0


def is_longest(batch: Batch, pair: Pair, side: Side, spec: Spec) -> bool:
    """Say whether a row of a batch is as long as the longest of its side."""
    if side == "source":
        return len(pair.source) == width(batch, side, spec) - batch.extra_source
    return steps(pair.target, spec.tokens) == width(batch, side, spec) - batch.extra_target
