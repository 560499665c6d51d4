"""One factor of a case changed at a time: what a failure depends on shows by what makes it pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import id_range, legal_values, modes, states
from fuzzseq.cases.transforms import rectangular, resized, with_batches, with_every_id, with_other_row
from fuzzseq.targets.contract import SIDES, Contract
from fuzzseq.targets.dimensions import DATA_DIMENSIONS


@attrs.frozen
class Change:
    """One factor, what it is changed to, and the changed case."""

    factor: str
    change: str
    case: Case
    value: int | None = None


def sweeps(
    case: Case, contract: Contract, constants: Sequence[int]
) -> Iterator[tuple[Sequence[Change], Sequence[Change]]]:
    """Yield for each size of a batch two lists of changes: a few sizes, and the others of a range.

    The second list is worth its cases where the first changed something. The constants that the failure shows are
    among the first, and so is each size up to five: a multiple of one of them is what shows least often.
    """
    sizes, written = case.sizes(contract), contract.written
    for name in contract.data_dimensions():
        if name in contract.static:
            continue
        shown = {c for c in constants if c <= 64}
        first = {*range(1, 6), *shown, *(() if name == "batch_size" else (12,))}
        others = {*range(6, 7 if name == "batch_size" else 10), sizes[name] - 1, sizes[name] + 1}
        few, more = (
            [Change(name, f"{written[name]} = {v}", resized(case, name, v, contract), v) for v in sorted(values)]
            for values in (first - {0, sizes[name]}, others - first - {0, sizes[name]})
        )
        yield few, more
    # What fails with equal lengths does not pass because they are equal.
    if sizes.get("source_length", 0) != sizes.get("target_length", 0) and contract.data_dimensions() == DATA_DIMENSIONS:
        longest = max(sizes["source_length"], sizes["target_length"])
        equal = []
        for length in sorted({1, 2, 3, longest, longest + 1}):
            both = resized(resized(case, "source_length", length, contract), "target_length", length, contract)
            text = f"{written['source_length']} = {written['target_length']} = {length}"
            equal.append(Change("equal_lengths", text, both, length))
        yield equal, ()


def manner_changes(case: Case, contract: Contract) -> Iterator[Change]:
    """Yield the changes of how the same data is handed over."""
    batches = case.batches
    if len(batches) > 1:
        yield Change("batches", "the last batch alone", attrs.evolve(case, batches=batches[-1:]))
        yield Change("batches", "the first batch twice", attrs.evolve(case, batches=(batches[0], batches[0])))
    if any(batch.ragged for batch in batches):
        # Two rows that became one and the same would hide whatever rows do to each other.
        yield Change("ragged", "rows of equal length", with_other_row(rectangular(case, contract), contract))
    if any(batch.extra_source or batch.extra_target for batch in batches):
        yield Change("extra_padding", "no extra padding", with_batches(case, extra_source=0, extra_target=0))
    encoding = batches[-1].target_encoding.removeprefix("smoothed_")
    ways: list[tuple[str, str]] = [
        ("initial_state", state) for state in states(contract) if state != batches[-1].initial_state
    ]
    ways += [("target_encoding", each) for each in ("sparse", "one_hot") if contract.has_classes and each != encoding]
    for factor, value in ways:
        yield Change(factor, f"{factor} = {value}", with_batches(case, **{factor: value}))
    for mode in modes(contract):
        if mode != case.mode:
            yield Change("mode", f"mode = {mode}", attrs.evolve(case, mode=mode))
    for side in SIDES:
        low, _ = id_range(side, case.dimensions, contract)
        changed = with_every_id(case, side, low)
        if changed != case:
            yield Change(f"{side}_ids", f"{side} ids = {low}", changed)


def build_changes(case: Case, contract: Contract, steps: int = 2) -> Iterator[Change]:
    """Yield the changes of one dimension of the build: up a few steps, up a lot, and to the sizes of the others."""
    for name in contract.build_dimensions():
        now = case.dimensions[name]
        legal = [value for value in legal_values(name, case.dimensions, contract) if value != now]
        higher = [value for value in legal if value > now]
        others = {size for other, size in case.dimensions.items() if other != name}
        wanted = {*higher[:steps], *legal[:1]}
        if steps > 1:
            wanted |= {v for v in legal if v in others or v == 2 * now}
        for value in sorted(wanted):
            yield Change(name, f"{contract.written[name]} = {value}", resized(case, name, value, contract), value)
