"""What can be said of a case in one word each: the facts that a failing region is a predicate over."""

from __future__ import annotations

from fuzzseq.cases.case import Case
from fuzzseq.targets.contract import SIDES, Contract


def facts(case: Case, contract: Contract) -> dict[str, bool | int | str]:
    """Return the dimensions of the last batch and of the build, and how its rows are made and handed over.

    ``previous_batch_size`` is that of the batch before the last one, and the last one's own where it is alone;
    ``max_source_id`` and ``max_target_id`` are the largest ids of the rows, 0 where there are none; ``min_source_id``
    and ``min_target_id`` the smallest ones, where ordinary ids lie below a special one.
    """
    last = case.batches[-1]
    lowest = {
        f"min_{side}_id": min((word for pair in last.pairs for word in getattr(pair, side)), default=0)
        for side in SIDES
        # What lies between special ids may be an unknown word.
        if contract.lowest_id(side) < contract.plain_id(side)
    }
    return {
        **lowest,
        **case.sizes(contract),
        "previous_batch_size": len(case.batches[-2:][0].pairs),
        "ragged": last.ragged,
        "ragged_source": len({len(pair.source) for pair in last.pairs}) > 1,
        "initial_state": last.initial_state,
        "target_encoding": last.target_encoding,
        "mode": case.mode,
        "max_source_id": max((word for pair in last.pairs for word in pair.source), default=0),
        "max_target_id": max((word for pair in last.pairs for word in pair.target), default=0),
    }
