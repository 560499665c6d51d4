"""The cases around a minimal one that a failing region is looked for among: one size moved, two, or all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fuzzseq.cases.case import Batch, Case
from fuzzseq.cases.domain import allowed, id_range, legal_values
from fuzzseq.diagnosis.interventions import (
    manner_changes,
    with_dimension,
    with_other_row,
    with_rows,
    with_source_length,
    with_target_length,
)
from fuzzseq.protocol.serialization import dumps
from fuzzseq.targets.spec import Side, Spec

_USUAL: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)
_MIXED: Final = 160
_MOST_VALUES: Final = 12
_RESIZE: Final = {"batch_size": with_rows, "source_length": with_source_length, "target_length": with_target_length}
_SIDES: Final[tuple[Side, ...]] = ("source", "target")


def pool(case: Case, wide: Case, spec: Spec, constants: Sequence[int]) -> list[Case]:
    """Return different ordinary cases around a case and a wider one of the same failure, the nearest first."""
    found: dict[str, Case] = {}
    for changed in _all(case, wide, spec, constants):
        if allowed(changed, spec):
            found.setdefault(dumps(changed), changed)
    return list(found.values())


def _all(case: Case, wide: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield the changes of each base by one factor, then by two, then by all."""
    for base in (case, wide):
        yield from (change.case for change in manner_changes(base, spec))
        yield from _resized(base, spec, constants)
        yield from _raggedly(base, spec)
        yield from _after_another(base, spec)
        yield from _rebuilt(base, spec, constants)
        yield from _with_ids(base, spec)
    yield from _equalized(wide, spec)
    yield from _mixed(case, wide, spec, constants)


def _resized(base: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield the batch in other sizes: one moved, then two of them equal."""
    names = [name for name in _RESIZE if name in spec.data_dimensions()]
    for name in names:
        near = {c + d for c in constants if c <= 64 for d in (-1, 0, 1)}
        for value in sorted({*_USUAL, *near} - {0}):
            yield _RESIZE[name](base, value, spec)
    for one in names:
        for other in names:
            if one < other:
                for value in (1, 2, 4, 7):
                    yield _RESIZE[one](_RESIZE[other](base, value, spec), value, spec)


def _raggedly(base: Case, spec: Spec) -> Iterator[Case]:
    """Yield the batch with one row of a side longer than the others."""
    rows = base if "batch_size" in spec.static else with_rows(with_rows(base, 1, spec), 2, spec)
    for side in _SIDES:
        if (side == "source" and spec.has_source) or (side == "target" and spec.has_target):
            yield attrs.evolve(rows, batches=tuple(_lengthened(batch, side) for batch in rows.batches))


def _lengthened(batch: Batch, side: Side) -> Batch:
    """Return a batch whose first row has one id more on a side."""
    first, *others = batch.pairs
    ids = getattr(first, side)
    longer = attrs.evolve(first, **{side: ids + (ids[-1:] or (3,))})
    return attrs.evolve(batch, pairs=(longer, *others))


def _after_another(base: Case, spec: Spec) -> Iterator[Case]:
    """Yield the last batch of several in other sizes, the others as they are."""
    if len(base.batches) < 2 or "batch_size" in spec.static:
        return
    for count in (1, 2, 3, 4):
        alone = attrs.evolve(base, batches=base.batches[-1:])
        yield attrs.evolve(base, batches=(*base.batches[:-1], with_rows(alone, count, spec).batches[-1]))


def _rebuilt(base: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield the model built with one size moved: small ones, those of other dimensions and their multiples."""
    sizes = base.sizes(spec)
    others = set(sizes.values())
    near = {*others, *(2 * value for value in others), *(c + d for c in constants for d in (-1, 0, 1))}
    for name in spec.build_dimensions():
        legal = legal_values(name, base.dimensions, spec)
        chosen = [value for value in legal if value in near or value <= legal[0] + 5][:_MOST_VALUES]
        for value in chosen:
            if value != sizes[name]:
                yield with_dimension(base, name, value, spec)


def _with_ids(base: Case, spec: Spec) -> Iterator[Case]:
    """Yield the case with every id of a side the lowest, and each of the highest three."""
    for side in _SIDES:
        if spec.vocabulary(side) is None:
            continue
        low, high = id_range(side, base.dimensions, spec)
        for word in sorted({low, *range(max(low, high - 2), high + 1)}):
            yield attrs.evolve(
                base,
                batches=tuple(
                    attrs.evolve(
                        batch,
                        pairs=tuple(
                            attrs.evolve(pair, **{side: (word,) * len(getattr(pair, side))}) for pair in batch.pairs
                        ),
                    )
                    for batch in base.batches
                ),
            )


def _equalized(base: Case, spec: Spec) -> Iterator[Case]:
    """Yield the model built with two of its sizes equal, or one equal to a size of the batch."""
    names = spec.build_dimensions()
    for name in names:
        for other in names:
            if name != other and base.dimensions[other] in legal_values(name, base.dimensions, spec):
                yield with_dimension(base, name, base.dimensions[other], spec)
        for resized, resize in _RESIZE.items():
            if resized in spec.data_dimensions() and base.dimensions[name] <= _MOST_VALUES:
                yield resize(base, base.dimensions[name], spec)


def _mixed(case: Case, wide: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield cases of one of both builds, with every size of the batch drawn; the same ones for the same case."""
    draw = random.Random(0)
    names = [name for name in _RESIZE if name in spec.data_dimensions()]
    values = [*_USUAL, *(c + d for c in constants if 1 < c <= 32 for d in (-1, 0, 1))]
    for _ in range(_MIXED):
        base = draw.choice((case, wide))
        for name in names:
            base = _RESIZE[name](base, draw.choice(values), spec)
        if draw.random() < 0.5:
            base = with_other_row(base, spec)
        manners: list[Case] = [base, *(change.case for change in manner_changes(base, spec))]
        base = draw.choice(manners) if draw.random() < 0.5 else base
        for name in draw.sample(spec.build_dimensions(), k=min(draw.randrange(3), len(spec.build_dimensions()))):
            legal = legal_values(name, base.dimensions, spec)[:10]
            base = with_dimension(base, name, draw.choice(legal), spec) if legal else base
        yield base
