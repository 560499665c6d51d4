"""The domains of a contract: which sizes, ids, states, encodings and modes a Case may have, ordinary or at an edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from fuzzseq.cases.case import Batch, Case, Domain, Mode, StateKind, steps, width
from fuzzseq.targets.contract import SIDES, Contract, Encoding, Padding, Side
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, Dim

HEADS: Final = "num_heads"
#: How many different rows of values a series is made of, in place of a vocabulary.
FEATURE_ROWS: Final = 16
#: The most that a case from a file may hold: ids, its padding included, and the largest size of a model.
MOST_ELEMENTS: Final = 10**6
MOST_SIZE: Final = 10**7


def modes(contract: Contract) -> tuple[Mode, ...]:
    """Return the run modes that a contract allows, the simplest first."""
    return ("eager", "graph") if contract.graph else ("eager",)


def states(contract: Contract) -> tuple[StateKind, ...]:
    """Return the initial states that a contract allows, the simplest first."""
    return ("none",) if contract.initial_state is None else ("none", "zeros", "random")


def encodings(contract: Contract) -> tuple[Encoding, ...]:
    """Return the target encodings that a contract allows, the simplest first."""
    return (
        ("one_hot", "smoothed_one_hot")
        if contract.has_classes and contract.target_encoding == "one_hot"
        else ("sparse",)
    )


def padding_side(contract: Contract) -> Padding:
    """Return the side that rows are padded on; one whose padding is unspecified is padded after."""
    return contract.padding or "post"


def id_range(side: Side, sizes: Mapping[str, int], contract: Contract) -> tuple[int, int]:
    """Return the lowest and highest ordinary id of a side; a vocabulary with no ordinary word gives its last row."""
    name = contract.vocabulary(side)
    size = sizes[name] if name else contract.lowest_id(side) + FEATURE_ROWS
    highest = size - 2 if side == "target" and contract.is_ctc and contract.tokens.blank == -1 else size - 1
    return min(contract.lowest_id(side), highest), highest


def legal_values(name: str, sizes: Mapping[str, int], contract: Contract) -> list[int]:
    """Return, ascending, the values that a dimension may take beside the others: its range, and ties both ways.

    Ties to dimensions that ``sizes`` does not hold are not looked at; neither is what ``sizes`` holds for ``name``.
    The default of a factory's parameter is allowed outside the range, and is not among them.
    """
    return list(legal_range(name, sizes, contract))


def legal_range(name: str, sizes: Mapping[str, int], contract: Contract) -> Sequence[int]:
    """Return what :func:`legal_values` does, as a range where it is one: nothing is listed for a wide dimension."""
    own = contract.range_of(name)

    def known(*ties: int | str | None) -> list[int]:
        found = (sizes.get(tie) if isinstance(tie, str) else tie for tie in ties)
        return [value for value in found if value is not None]

    tied = {other: contract.dimensions[other] for other in sizes if other in contract.dimensions}
    heads = known(own.multiple_of) if own.multiple_of == HEADS else []
    least = [sizes[other] for other, declared in tied.items() if name in (declared.at_most, declared.equal_to)]
    most = [sizes[other] for other, declared in tied.items() if name in (declared.at_least, declared.equal_to)]
    multiples = {other: sizes[other] for other, declared in tied.items() if declared.multiple_of == name}
    low = max(
        [
            contract.minimum(name),
            *known(own.at_least, own.equal_to),
            *least,
            *(least_of_heads(count, own) for count in heads),
        ]
    )
    high = min([own.max, *known(own.at_most, own.equal_to), *most, *multiples.values()])
    step = max([1, *known(own.multiple_of)])
    values = range(-(-low // step) * step, high + 1, step)
    if not multiples:
        return values
    return [
        value
        for value in values
        if all(size % value == 0 for size in multiples.values())
        and (name != HEADS or all(size >= least_of_heads(value, tied[other]) for other, size in multiples.items()))
    ]


def least_of_heads(count: int, declared: Dim) -> int:
    """Return the smallest ordinary size of a dimension that is divided among so many heads.

    What each head gets is a width, and ordinary widths begin at 2, where the declared range leaves room for that. (At a
    width of 1 Keras 3.15 itself adds the bias of MultiHeadAttention along the wrong axis, eagerly and for as many steps
    as heads.)
    """
    return 2 * count if declared.max >= 2 * count else count


def relatives(name: str, contract: Contract) -> frozenset[str]:
    """Return the dimensions that are tied to one, directly or through others, itself included."""
    names = contract.names()
    found, fresh = {name}, {name}
    while fresh:
        fresh = {
            other for other in names for one in fresh if other in _ties(one, contract) or one in _ties(other, contract)
        } - found
        found |= fresh
    return frozenset(found)


def _ties(name: str, contract: Contract) -> tuple[str, ...]:
    return tuple(contract.dimensions[name].ties()) if name in contract.dimensions else ()


def dependency_order(contract: Contract) -> tuple[str, ...]:
    """Return the dimensions of the build, then those of a batch, each after those of its kind that it depends on."""
    ordered: list[str] = []

    def visit(name: str, among: Sequence[str], above: frozenset[str]) -> None:
        for tie in _ties(name, contract):
            if tie in among and tie not in above:
                visit(tie, among, above | {tie})
        if name not in ordered:
            ordered.append(name)

    for group in (contract.build_dimensions(), contract.data_dimensions()):
        for name in group:
            visit(name, group, frozenset({name}))
    return tuple(ordered)


def completion(sizes: Mapping[str, int], missing: Sequence[str], contract: Contract) -> dict[str, int] | None:
    """Return sizes with the lowest legal values for the missing dimensions, taken in order; None where none fit."""
    if not missing:
        return dict(sizes)
    for value in legal_range(missing[0], sizes, contract):
        found = completion({**sizes, missing[0]: value}, missing[1:], contract)
        if found is not None:
            return found
    return None


def lowest_setting(contract: Contract) -> dict[str, int] | None:
    """Return the smallest legal setting of the dimensions of the build; None where ties leave none."""
    return completion({}, [name for name in dependency_order(contract) if name not in DATA_DIMENSIONS], contract)


def no_sizes(name: str, contract: Contract) -> str:
    """Return the sentence for a target whose ranges and ties leave no sizes to build a model with; empty else."""
    if lowest_setting(contract) is not None:
        return ""
    declared = ", ".join(f"{dimension}={contract.dimensions[dimension]}" for dimension in contract.dimensions)
    declared = contract.in_written_names(declared)
    return f"No sizes satisfy the constraints for {name}: {declared}. Widen a range, or drop a tie."


def allowed(case: Case, contract: Contract) -> bool:
    """Say whether a case lies in the ordinary domain, or not further out than its edge, as it says itself."""
    if case.domain == "invalid" or not case.batches or case.mode not in modes(contract):
        return False
    if set(case.dimensions) != set(contract.build_dimensions()):
        return False
    everything = [case.sizes(contract, index) for index in range(len(case.batches))]
    if any(len({sizes[name] for sizes in everything}) > 1 for name in contract.fixed() & set(everything[0])):
        return False
    return all(
        all(_allowed_size(name, sizes, contract, case.domain) for name in sizes)
        and batch.initial_state in states(contract)
        and batch.target_encoding in encodings(contract)
        and batch.padding == padding_side(contract)
        and _allowed_source(batch, sizes, contract, case.domain)
        and _allowed_target(batch, sizes, contract)
        for batch, sizes in zip(case.batches, everything, strict=True)
    )


def why_not(case: Case, contract: Contract) -> str:
    """Return why a case that was read is none that a contract allows; nothing where it is one."""
    if why := too_large(case, contract):
        return why
    if case.domain == "invalid":
        return "it is of the domain invalid, and a finding is of ordinary or edge inputs"
    if case.mode not in modes(contract):
        return f"its mode is {case.mode}, and its target is run as {' or '.join(modes(contract))} alone"
    if set(case.dimensions) != set(contract.build_dimensions()):
        named = (contract.written_sizes(dict.fromkeys(n, 0)) for n in (contract.build_dimensions(), case.dimensions))
        theirs, own = (", ".join(sorted(names)) or "none" for names in named)
        return f"it has the dimensions {own}, and its target takes {theirs}"
    for index in range(len(case.batches)):
        sizes = case.sizes(contract, index)
        for name, size in sizes.items():
            if not _allowed_size(name, sizes, contract, case.domain):
                return f"{contract.written[name]} is {size} in it, which its target does not take"
    return "" if allowed(case, contract) else "its rows hold ids, states or padding that its target does not take"


def too_large(case: Case, contract: Contract) -> str:
    """Return why a case that was read is larger than any that is drawn; nothing where it is not.

    Nothing may be made of such a case: what a file names as a number would take so much time, or memory.
    """
    elements = sum(
        len(batch.pairs) * (width(batch, "source", contract) + width(batch, "target", contract) + 1)
        for batch in case.batches
    )
    largest = max(case.dimensions.values(), default=0)
    if elements <= MOST_ELEMENTS and largest <= MOST_SIZE:
        return ""
    return f"it has {elements} ids and a size of {largest}, and {MOST_ELEMENTS} and {MOST_SIZE} are the most"


def _allowed_size(name: str, sizes: Mapping[str, int], contract: Contract, domain: Domain) -> bool:
    """Say whether one size keeps its range and its ties, or is the default that an undeclared parameter has."""
    if name not in contract.dimensions and any(
        p.dimension == name and p.default == sizes[name] for p in contract.parameters
    ):
        return True
    least = minimum_at_edge(name, contract) if domain == "edge" else contract.minimum(name)
    own = contract.range_of(name)
    if domain == "ordinary" and own.multiple_of == HEADS and HEADS in sizes:
        least = max(least, least_of_heads(sizes[HEADS], own))
    return sizes[name] >= least and attrs.evolve(own, min=min(own.min, least)).allows(sizes[name], sizes)


def minimum_at_edge(name: str, contract: Contract) -> int:
    """Return the smallest value of a dimension at an edge; what is declared of it is a contract there as well."""
    if name in ("batch_size", "source_length"):
        return contract.minimum(name) if name in contract.dimensions or name in contract.fixed() else 0
    if name in contract.dimensions:
        return contract.minimum(name)
    words = [contract.size_for(side, 1) for side in SIDES if contract.vocabulary(side) == name]
    return max(words) if words else 1


def _allowed_source(batch: Batch, sizes: Mapping[str, int], contract: Contract, domain: Domain) -> bool:
    """Say whether the source rows hold ordinary ids, none at an edge alone, and stand in legal padding."""
    rows = [pair.source for pair in batch.pairs]
    if not contract.has_source:
        return not any(rows) and batch.extra_source == 0
    return (
        (all(rows) or domain == "edge")
        and not (batch.extra_source and _unseen("source", contract))
        and _ordinary(rows, "source", sizes, contract)
        and _padded_enough("source_length", max(map(len, rows), default=0), batch.extra_source, sizes, contract)
    )


def _allowed_target(batch: Batch, sizes: Mapping[str, int], contract: Contract) -> bool:
    """Say whether the target rows have one decoder step or more, hold ordinary ids, and stand in legal padding."""
    rows = [pair.target for pair in batch.pairs]
    if not contract.has_target_ids:
        return not any(rows) and batch.extra_target == 0
    if not _ordinary(rows, "target", sizes, contract):
        return False
    if not contract.has_target:
        return batch.extra_target == 0 and max(map(len, rows), default=0) <= contract.range_of("source_length").max
    counts = [steps(row, contract.tokens) for row in rows]
    longest = max(counts, default=0)
    if batch.extra_target and _unseen("target", contract):
        return False
    return min(counts, default=1) >= 1 and _padded_enough("target_length", longest, batch.extra_target, sizes, contract)


def _unseen(side: Side, contract: Contract) -> bool:
    """Say whether columns of padding would not reach the model; a layer that takes sentences may pad to its width."""
    return contract.pads_itself(side) and not (
        contract.forms.pads_itself(side) and f"{side}_length" in contract.fixed()
    )


def _ordinary(rows: Iterable[Sequence[int]], side: Side, sizes: Mapping[str, int], contract: Contract) -> bool:
    low, high = id_range(side, sizes, contract)
    words = {word for row in rows for word in row}
    if side in contract.forms.text:
        words.difference_update(contract.named_words(side))
    return all(low <= word <= high and (contract.is_word(side, word) or low == high) for word in words)


def _padded_enough(name: str, longest: int, extra: int, sizes: Mapping[str, int], contract: Contract) -> bool:
    """Say whether extra padding is none, or declared, or no more than it takes to reach a legal width."""
    if extra <= 0 or contract.pads("source" if name == "source_length" else "target") or name in contract.fixed():
        return extra >= 0
    legal = legal_range(name, sizes, contract)
    return not any(value in legal for value in range(longest, longest + extra))
