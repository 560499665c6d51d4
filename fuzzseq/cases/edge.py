"""The edge domain: input that is no mistake and that few models are tried on. Nothing of it is an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import compress
from typing import Final

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, overlong, tokens_for_steps, width
from fuzzseq.cases.domain import allowed, encodings, id_range, lowest_setting, modes, padding_side
from fuzzseq.cases.transforms import with_extra
from fuzzseq.targets.contract import SIDES, Contract
from fuzzseq.targets.dimensions import WIDTHS
from fuzzseq.targets.steps import steps_of


def has_empty_row(case: Case, contract: Contract) -> bool:
    """Say whether a source row has no ids, be it all padding or nothing."""
    return contract.has_source and any(not pair.source for batch in case.batches for pair in batch.pairs)


def has_empty_batch(case: Case) -> bool:
    """Say whether a batch has no rows."""
    return any(not batch.pairs for batch in case.batches)


def has_overlong_labels(case: Case, contract: Contract) -> bool:
    """Say whether a row has more labels than a path of CTC can hold: its loss may be infinite, or raise."""
    return any(overlong(pair, contract, case.dimensions) for batch in case.batches for pair in batch.pairs)


def has_refused_labels(case: Case, contract: Contract) -> bool:
    """Say whether a row has labels that a loss of CTC may refuse: none, or more than a path can hold."""
    none = contract.is_ctc and not all(pair.target for batch in case.batches for pair in batch.pairs)
    return case.domain == "edge" and (none or has_overlong_labels(case, contract))


EMPTY_ROW: Final = "a source row without ids"
EMPTY_BATCH: Final = "a batch without rows"
NO_LABELS: Final = "a row of CTC without labels"
OVERLONG: Final = "more labels than a path of CTC can hold"

#: What an edge case may have. A width that is declared to be one is ordinary.
FEATURES: Final = (EMPTY_ROW, EMPTY_BATCH, "a vocabulary of one word", "a width of one", NO_LABELS, OVERLONG)


def features(case: Case, contract: Contract) -> tuple[str, ...]:
    """Return what puts a case at an edge; nothing for an ordinary one."""
    words = [(contract.vocabulary(side), contract.size_for(side, 1)) for side in SIDES]
    found = (
        has_empty_row(case, contract),
        has_empty_batch(case),
        any(name is not None and case.dimensions.get(name) == one for name, one in words),
        any(case.dimensions.get(name) == 1 and name not in contract.dimensions for name in WIDTHS),
        contract.is_ctc and any(not pair.target for batch in case.batches for pair in batch.pairs if pair.source),
        has_overlong_labels(case, contract),
    )
    return tuple(compress(FEATURES, found))


def edge_cases(contract: Contract, seed: int) -> Iterator[Case]:
    """Yield the edge cases of a contract: one for each way to be at an edge, eagerly and traced."""
    usual = lowest_setting(contract)
    if usual is None:
        return
    sizes = {name: usual[name] for name in contract.build_dimensions()}
    for made in _with_edges(contract, sizes):
        for mode in modes(contract):
            case = attrs.evolve(made, mode=mode, seed=seed, domain="edge")
            if allowed(case, contract) and features(case, contract):
                yield case


def _with_edges(contract: Contract, sizes: Mapping[str, int]) -> Iterator[Case]:
    """Yield cases of a setting whose rows, or whose batch, are empty, then ordinary ones with one size at its edge."""
    whole, empty = _pair(contract, 2, 2), _pair(contract, 0, 2)
    if contract.has_source:
        yield _case(contract, sizes, (whole, empty))
        yield _case(contract, sizes, (empty,), 2)
        yield _case(contract, sizes, (empty,))
    if "batch_size" not in contract.fixed():
        yield _case(contract, sizes, (), 2)
    if contract.is_ctc:
        # No label, one more than there are steps, and as many as there are with two of them the same.
        low, high = id_range("target", sizes, contract)
        steps = steps_of(contract.output_steps, len(whole.source), sizes)
        alternating = tuple((low, high)[step % 2] for step in range(steps + 1))
        for labels in ((), alternating, (*alternating[2:], high, high)):
            yield _case(contract, sizes, (whole, attrs.evolve(whole, target=labels)))
    least = {contract.vocabulary(side): contract.size_for(side, 1) for side in SIDES}
    least.update({name: 1 for name in WIDTHS if name in sizes and name not in least})
    for name, value in least.items():
        if name is not None and name in sizes and name not in contract.dimensions:
            yield _case(contract, {**sizes, name: value}, (whole, _pair(contract, 1, 3)))


def _pair(contract: Contract, source: int, steps: int) -> Pair:
    """Return a row of so many source ids and decoder steps, of the lowest ids; one label is enough for CTC."""
    if contract.is_ctc:
        return Pair((contract.lowest_id("source"),) * source, (contract.lowest_id("target"),) * (source > 0))
    count = tokens_for_steps(steps, contract.tokens) if contract.has_target else source * contract.has_target_ids
    return Pair(
        source=(contract.lowest_id("source"),) * source if contract.has_source else (),
        target=(contract.lowest_id("target"),) * max(0, count),
    )


def _case(contract: Contract, sizes: Mapping[str, int], pairs: tuple[Pair, ...], columns: int = 0) -> Case:
    """Return a case of one batch; ``columns`` is how wide its sides are at least, filled with padding."""
    batch = Batch(pairs=pairs, target_encoding=encodings(contract)[0], padding=padding_side(contract))
    for side in contract.sides():
        batch = with_extra(batch, side, max(0, columns - width(batch, side, contract)))
    return Case(dimensions=dict(sizes), batches=(batch,))
