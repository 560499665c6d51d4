"""Cases changed in one way: more padding, other ids, fewer rows. What a metamorphic check runs beside its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, tokens_for_steps, width
from fuzzseq.cases.domain import allowed, dependency_order, id_range, legal_range
from fuzzseq.cases.transforms.rows import each_pair, extra, next_id, with_extra
from fuzzseq.cases.transforms.sizes import with_dimensions
from fuzzseq.targets.contract import Contract, Side
from fuzzseq.targets.dimensions import WIDTHS
from fuzzseq.targets.spec import Spec

_COLUMNS = 2
#: As many steps as let a step have neighbors on both sides, and another further on.
_LONG = 4
#: What a layer is wide that hands on all that it is given.
_WIDE = 8


def fixed_length(side: Side, contract: Contract) -> bool:
    """Say whether the built model fixes the width of a side."""
    return f"{side}_length" in contract.fixed()


def paddable(side: Side, contract: Contract) -> bool:
    """Say whether a side can have more columns of padding at all, in some case."""
    length = contract.range_of(f"{side}_length")
    if side in contract.unpadded or (contract.unpadded and tied(contract)):
        return False
    return not fixed_length(side, contract) and not contract.pads_itself(side) and length.min < length.max


def tied(contract: Contract) -> bool:
    """Say whether the widths of both sides are declared to be equal: one has room where both have."""
    ties = {name: declared.equal_to for name, declared in contract.dimensions.items()}
    return ties.get("source_length") == "target_length" or ties.get("target_length") == "source_length"


def _legal(side: Side, sizes: Mapping[str, int], contract: Contract) -> Sequence[int]:
    """Return the widths that a side may have beside other sizes; of sides that are tied, those that both may have."""
    if not tied(contract):
        name = f"{side}_length"
        return legal_range(name, {**sizes, name: 0}, contract)
    others = {name: size for name, size in sizes.items() if name not in ("source_length", "target_length")}
    source, target = (legal_range(f"{each}_length", others, contract) for each in ("source", "target"))
    return [value for value in source if value in target]


def may_be(name: str, size: int, sizes: Mapping[str, int], contract: Contract) -> bool:
    """Say whether a dimension of a batch may have another size beside the other ``sizes``."""
    return size in legal_range(name, {**sizes, name: 0}, contract)


def with_padding(case: Case, side: Side, contract: Contract) -> tuple[Batch, ...] | None:
    """Return the batches with two more columns of padding on a side, or as many as reach a legal width; else None.

    Where both sides are tied, both are padded.
    """
    if not paddable(side, contract):
        return None
    grown = []
    for index, batch in enumerate(case.batches):
        now = width(batch, side, contract)
        wider = [value for value in _legal(side, case.sizes(contract, index), contract) if value > now]
        if not wider:
            return None
        more = min(wider, key=lambda value: abs(value - now - _COLUMNS)) - now
        for each in contract.sides() if tied(contract) else (side,):
            batch = with_extra(batch, each, extra(batch, each) + more)  # noqa: PLW2901
        grown.append(batch)
    return tuple(grown)


def built_wider(
    case: Case, side: Side, contract: Contract
) -> tuple[tuple[Batch, ...], tuple[tuple[str, int], ...]] | None:
    """Return the batches with more padding on a side that the factory is called with the width of, and the new width.

    None where no wider one is allowed, or the width is no parameter of the factory.
    """
    name = contract.built_width(side)
    if name is None or not contract.pads(side) or contract.pads_itself(side) or tied(contract):
        return None
    now = case.sizes(contract)[f"{side}_length"]
    others = {other: size for other, size in case.sizes(contract).items() if other not in (name, f"{side}_length")}
    widths = [value for value in legal_range(name, others, contract) if value > now]
    if not widths:
        return None
    wide = min(widths, key=lambda value: abs(value - now - _COLUMNS))
    return tuple(with_extra(batch, side, extra(batch, side) + wide - now) for batch in case.batches), ((name, wide),)


def wider(case: Case, contract: Contract) -> Case:
    """Return a case with more padding on each side that has room for it."""
    for side in contract.sides():
        grown = with_padding(case, side, contract)
        case = attrs.evolve(case, batches=grown) if grown else case
    return case


def with_other_source(
    case: Case, contract: Contract, by: int = 1, same_words: bool = False
) -> tuple[Batch, ...] | None:
    """Return the batches with every source id moved to another one; None where a row has none, or there is no other.

    Some row of the last batch has to have another set of ids then, unless the ``same_words`` will do: (3, 4) moved to
    (4, 3) is the same bag of words.
    """
    low, high = id_range("source", case.dimensions, contract)
    rows = [pair.source for batch in case.batches for pair in batch.pairs]
    if by > high - low or not rows or not all(rows):
        return None

    def changed(pair: Pair) -> Pair:
        return attrs.evolve(
            pair, source=tuple(next_id(word, "source", case.dimensions, contract, by) for word in pair.source)
        )

    others = each_pair(case, changed)
    moves = zip(case.batches[-1].pairs, others[-1].pairs, strict=True)
    return others if same_words or any(set(one.source) != set(two.source) for one, two in moves) else None


def with_other_ends(
    case: Case, contract: Contract, read: bool = False, side: Side = "target"
) -> tuple[Batch, ...] | None:
    """Return the batches with the last id of every row of a side moved to another one; None where no row has one.

    Of a target it is the last one that the decoder ``read``, where that is asked for: without an end token the very
    last is a label alone.
    """
    place = -2 if side == "target" and read and contract.tokens.end is None else -1

    def changed(pair: Pair) -> Pair:
        ids = list(pair.source if side == "source" else pair.target)
        if len(ids) < -place:
            return pair
        ids[place] = next_id(ids[place], side, case.dimensions, contract)
        return attrs.evolve(pair, **{side: tuple(ids)})

    others = each_pair(case, changed)
    return None if others == case.batches else others


def longer(case: Case, contract: Contract) -> Case | None:
    """Return a case of the last batch alone, its rows longer and of several words; None where they are already.

    A row of one word leaves out what any other has: a step before, a neighbor, a spread.
    """
    batch, sizes = case.batches[-1], case.sizes(contract)
    for side in contract.sides():
        if fixed_length(side, contract):
            continue
        legal = _legal(side, sizes, contract)
        steps = next((value for value in legal if value >= _LONG), legal[-1] if legal else 0)
        count = tokens_for_steps(steps, contract.tokens) if side == "target" else steps
        if all(len(row) >= count and len(set(row)) > 1 for row in (getattr(pair, side) for pair in batch.pairs)):
            continue
        low = contract.lowest_id(side)
        rows = [
            tuple(next_id(low, side, case.dimensions, contract, row + place) for place in range(count))
            for row in range(len(batch.pairs))
        ]
        pairs = [attrs.evolve(pair, **{side: row}) for pair, row in zip(batch.pairs, rows, strict=True)]
        batch = with_extra(attrs.evolve(batch, pairs=tuple(pairs)), side, 0)
    return None if batch == case.batches[-1] else attrs.evolve(case, batches=(batch,))


def widened(case: Case, contract: Contract) -> Case | None:
    """Return a case whose model is as wide as loses nothing for want of room; None where it is, or cannot be so."""
    narrow = [
        name for name in dependency_order(contract) if name in WIDTHS and case.dimensions.get(name, _WIDE) < _WIDE
    ]
    sizes = {name: size for name, size in case.sizes(contract).items() if name not in narrow}
    for name in narrow:
        legal = legal_range(name, sizes, contract)
        sizes[name] = next((value for value in legal if value >= _WIDE), legal[-1] if legal else case.dimensions[name])
    wide = with_dimensions(case, {name: sizes[name] for name in narrow}, contract)
    return wide if wide != case and allowed(wide, contract) else None


def without_earlier(case: Case, spec: Spec) -> Case:
    """Return a case of its last batch alone where layers keep their states: what is changed before it moves these."""
    return attrs.evolve(case, batches=case.batches[-1:]) if spec.traits.has_stateful_layers else case
