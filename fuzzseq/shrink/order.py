"""What smaller means: the strict total order of the cases of one contract."""

from __future__ import annotations

from typing import Final, get_args

from fuzzseq.cases.case import Case, StateKind, width
from fuzzseq.cases.domain import encodings, padding_side
from fuzzseq.targets.contract import SIDES, Contract

_STATES: Final[tuple[StateKind, ...]] = get_args(StateKind)


def size(case: Case, contract: Contract) -> tuple[object, ...]:
    """Return the key that orders the cases of a contract: the smaller of two cases is the one with the smaller key.

    Two different cases never have one key. What comes first counts most:

    1. the number of batches;
    2. the number of pairs;
    3. columns: the widths of both sides, padding included, over all batches;
    4. columns of extra padding, so that nine tokens are smaller than one token and eight columns of padding;
    5. tokens: the lengths of all rows;
    6. the sum of the dimensions of the build;
    7. eager before graph;
    8. no initial state before zeros, zeros before a random one;
    9. the contract's own target encoding before another;
    10. the contract's own side of padding before the other.

    Ties are broken one value at a time, the first difference deciding: the length of each row (source before
    target), the extra padding of each batch (less source before less target), each dimension in the order of reports
    (of two settings with one sum the lexicographically smaller), the settings of each batch, each id by its distance
    from the lowest ordinary one, the seed.
    """
    batches = case.batches
    dimensions = tuple(case.dimensions.get(name, 0) for name in contract.build_dimensions())
    ranked = tuple(dict.fromkeys((*encodings(contract)[:1], "sparse", "one_hot", "smoothed_one_hot")))
    side_of_padding = padding_side(contract)
    settings = tuple(
        (_STATES.index(each.initial_state), ranked.index(each.target_encoding), int(each.padding != side_of_padding))
        for each in batches
    )
    pairs = [pair for batch in batches for pair in batch.pairs]
    source, target = (contract.lowest_id(side) for side in SIDES)
    rows = (row for pair in pairs for row in ((source, pair.source), (target, pair.target)))
    lengths = tuple(tuple((len(pair.source), len(pair.target)) for pair in batch.pairs) for batch in batches)
    return (
        len(batches),
        len(pairs),
        sum(width(batch, side, contract) for batch in batches for side in contract.sides()),
        sum(batch.extra_source + batch.extra_target for batch in batches),
        sum(sum(row) for rows in lengths for row in rows),
        sum(case.dimensions.values()),
        case.mode != "eager",
        *(sum(ranks) for ranks in zip(*settings, strict=True)),
        lengths,
        tuple((batch.extra_source, batch.extra_target) for batch in batches),
        dimensions,
        settings,
        tuple(tuple(_distance(word, low) for word in ids) for low, ids in rows),
        _distance(case.seed, 0),
        case.domain,
        tuple(sorted(case.dimensions.items())),
    )


def _distance(value: int, low: int) -> int:
    """Return a number that grows with the distance from ``low``, another one for each value."""
    return 2 * (value - low) if value >= low else 2 * (low - value) - 1
