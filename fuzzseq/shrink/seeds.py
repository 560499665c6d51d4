"""The smallest conceivable cases, to be tried before a failing case is taken apart: most bugs show in one of them."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, tokens_for_steps
from fuzzseq.cases.domain import id_range, lowest_setting
from fuzzseq.cases.transforms import values_of, with_dimensions, with_extra
from fuzzseq.shrink.order import size
from fuzzseq.shrink.search import permitted
from fuzzseq.targets.contract import Contract, Side

#: Batches of rows, a row being the steps of its source and of its target: 0 for the shortest, 1 for one step more.
ONE_BATCH = (
    ((0, 0),),
    ((0, 1),),
    ((1, 0),),
    ((1, 1),),
    ((0, 0), (0, 0)),
    ((0, 0), (0, 1)),
    ((0, 0), (1, 0)),
    ((0, 0), (1, 1)),
)
#: Those of them whose rows are made to differ in their ids: with targets of one length, and not.
DIFFERING = (((0, 0), (0, 0)), ((0, 0), (0, 1)))
TWO_BATCHES = (
    (((0, 0),), ((0, 0),)),
    (((0, 0), (0, 0)), ((0, 0),)),
    (((0, 0),), ((0, 0), (0, 0))),
    (((0, 0),), ((1, 1),)),
    (((1, 1),), ((0, 0),)),
)


def beginnings(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the smallest cases with the dimensions of a case, smallest first, then those with the lowest dimensions.

    They are handed over and run as the case is, and all are smaller than it. In each, the first id of a row is the last
    of its vocabulary and the others are the lowest, so that bugs of high and of differing ids show too.
    """
    for like in (case, with_dimensions(case, lowest_setting(contract) or {}, contract)):
        smaller = (
            made
            for made in _small(like, contract)
            if permitted(made, contract) and size(made, contract) < size(case, contract)
        )
        yield from sorted(smaller, key=lambda made: size(made, contract))


def _small(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the small cases with one batch, padded where the case is padded, and with two where it has two."""
    for shape in ONE_BATCH:
        yield attrs.evolve(case, batches=(_batch(case.batches[-1], shape, case, contract),))
    if any(batch.ragged or batch.extra_source or batch.extra_target for batch in case.batches):
        alone = _batch(case.batches[-1], ((0, 0),), case, contract)
        for side in contract.sides():
            yield attrs.evolve(case, batches=(with_extra(alone, side, 1),))
    if len(case.batches) > 1:
        ends = (case.batches[0], case.batches[-1])
        for shapes in TWO_BATCHES:
            both = (_batch(batch, shape, case, contract) for batch, shape in zip(ends, shapes, strict=True))
            yield attrs.evolve(case, batches=tuple(both))


def _batch(like: Batch, shape: tuple[tuple[int, int], ...], case: Case, contract: Contract) -> Batch:
    """Return a batch of a shape, its rows without extra padding, handed over as another batch is."""
    pairs = tuple(
        Pair(_row("source", longer, case, contract), _row("target", more, case, contract)) for longer, more in shape
    )
    return attrs.evolve(like, pairs=pairs, extra_source=0, extra_target=0)


def differing(case: Case, contract: Contract) -> Iterator[Case]:
    """Yield the smallest batches of two rows of one length, or nearly, that differ in their ids."""
    longer = any(len(pair.target) > len(case.batches[-1].pairs[0].target) for pair in case.batches[-1].pairs)
    made = _batch(case.batches[-1], DIFFERING[longer], case, contract)
    low, _ = id_range("source", case.dimensions, contract)
    for last in (False, True):
        # The first or the last source row holds the lowest id alone.
        pairs = list(made.pairs)
        row = len(pairs) - 1 if last else 0
        pairs[row] = attrs.evolve(pairs[row], source=(low,) * len(pairs[row].source))
        yield attrs.evolve(case, batches=(attrs.evolve(made, pairs=tuple(pairs)),))


def _row(side: Side, longer: int, case: Case, contract: Contract) -> tuple[int, ...]:
    """Return a row of the shortest legal width, or of the next one."""
    if side == "target" and not contract.has_target:
        count = int(contract.has_target_ids)
    elif side not in contract.sides():
        count = 0
    else:
        values = values_of(case, f"{side}_length", contract) or [1]
        columns = values[min(longer, len(values) - 1)]
        count = columns if side == "source" else tokens_for_steps(columns, contract.tokens)
    low, high = id_range(side, case.dimensions, contract)
    return (high, *(low for _ in range(count - 1)))[: max(0, count)]
