"""The cases around a minimal one that a failing region is looked for among: one size moved, two, or all of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed, id_range, legal_values
from fuzzseq.cases.transforms import each_batch, resized, with_every_id, with_longer_row, with_other_row, with_rows
from fuzzseq.diagnosis.interventions import manner_changes
from fuzzseq.protocol.serialization import dumps
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec

_USUAL: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)
_MIXED: Final = 160
_MOST_VALUES: Final = 12


def pool(case: Case, wide: Case, spec: Spec, constants: Sequence[int]) -> list[Case]:
    """Return different ordinary cases around a case and a wider one of the same failure, the nearest first."""
    changes: list[Iterable[Case]] = []
    for base in (case, wide):  # by one factor, then by two, then by all
        changes += [(change.case for change in manner_changes(base, spec.contract)), _resized(base, spec, constants)]
        changes += [_with_other_rows(base, spec), _rebuilt(base, spec, constants)]
    changes += [_equalized(wide, spec), _mixed(case, wide, spec, constants)]
    found: dict[str, Case] = {}
    for changed in chain.from_iterable(changes):
        if allowed(changed, spec.contract):
            found.setdefault(dumps(changed), changed)
    return list(found.values())


def _resized(base: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    names = spec.contract.data_dimensions()
    for name in names:
        near = {c + d for c in constants if c <= 64 for d in (-1, 0, 1)}
        for value in sorted({*_USUAL, *near} - {0}):
            yield resized(base, name, value, spec.contract)
    for one in names:
        for other in names:
            if one < other:
                for value in (1, 2, 4, 7):
                    yield resized(resized(base, other, value, spec.contract), one, value, spec.contract)


def _with_other_rows(base: Case, spec: Spec) -> Iterator[Case]:
    """Yield the batch with one row of a side longer than the others, then the last of several with other rows."""
    fixed = "batch_size" in spec.contract.static
    alike = base if fixed else each_batch(base, lambda batch: with_rows(with_rows(batch, 1), 2))
    for side in spec.contract.sides():
        yield with_longer_row(alike, side, spec.contract)
    if len(base.batches) < 2 or fixed:
        return
    for count in (1, 2, 3, 4):
        yield attrs.evolve(base, batches=(*base.batches[:-1], with_rows(base.batches[-1], count)))


def _rebuilt(base: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield the model built with one size moved: small ones, those of other dimensions and their multiples.

    Then the case with every id of a side the lowest, and each of the highest three.
    """
    sizes = base.sizes(spec.contract)
    others = set(sizes.values())
    near = {*others, *(2 * value for value in others), *(c + d for c in constants for d in (-1, 0, 1))}
    for name in spec.contract.build_dimensions():
        legal = legal_values(name, base.dimensions, spec.contract)
        chosen = [value for value in legal if value in near or value <= legal[0] + 5][:_MOST_VALUES]
        for value in chosen:
            if value != sizes[name]:
                yield resized(base, name, value, spec.contract)
    for side in SIDES:
        if spec.contract.vocabulary(side) is None:
            continue
        low, high = id_range(side, base.dimensions, spec.contract)
        for word in sorted({low, *range(max(low, high - 2), high + 1)}):
            yield with_every_id(base, side, word)


def _equalized(base: Case, spec: Spec) -> Iterator[Case]:
    names = spec.contract.build_dimensions()
    for name in names:
        for other in names:
            if name != other and base.dimensions[other] in legal_values(name, base.dimensions, spec.contract):
                yield resized(base, name, base.dimensions[other], spec.contract)
        if base.dimensions[name] <= _MOST_VALUES:
            for length in spec.contract.data_dimensions():
                yield resized(base, length, base.dimensions[name], spec.contract)


def _mixed(case: Case, wide: Case, spec: Spec, constants: Sequence[int]) -> Iterator[Case]:
    """Yield cases of one of both builds, with every size of the batch drawn; the same ones for the same case."""
    draw = random.Random(0)
    names = spec.contract.data_dimensions()
    values = [*_USUAL, *(c + d for c in constants if 1 < c <= 32 for d in (-1, 0, 1))]
    for _ in range(_MIXED):
        base = draw.choice((case, wide))
        for name in names:
            base = resized(base, name, draw.choice(values), spec.contract)
        if draw.random() < 0.5:
            base = with_other_row(base, spec.contract)
        manners: list[Case] = [base, *(change.case for change in manner_changes(base, spec.contract))]
        base = draw.choice(manners) if draw.random() < 0.5 else base
        for name in draw.sample(
            spec.contract.build_dimensions(), k=min(draw.randrange(3), len(spec.contract.build_dimensions()))
        ):
            legal = legal_values(name, base.dimensions, spec.contract)[:10]
            base = resized(base, name, draw.choice(legal), spec.contract) if legal else base
        yield base
