"""One factor of a case changed at a time: what a failure depends on shows by what makes it pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import id_range, legal_values, modes, states
from fuzzseq.cases.transforms import rectangular, resized, with_batches, with_every_id, with_other_row
from fuzzseq.targets.dimensions import DATA_DIMENSIONS
from fuzzseq.targets.spec import SIDES, Encoding, Spec


@attrs.frozen
class Change:
    """One factor, what it is changed to, and the changed case."""

    factor: str
    change: str
    case: Case
    value: int | None = None


def sweeps(case: Case, spec: Spec, constants: Sequence[int]) -> Iterator[tuple[Sequence[Change], Sequence[Change]]]:
    """Yield for each size of a batch two lists of changes: a few sizes, and the others of a range.

    The second list is worth its cases where the first changed something. The constants that the failure shows are
    among the first, and so is each size up to five: a multiple of one of them is what shows least often.
    """
    sizes = case.sizes(spec)
    for name in spec.data_dimensions():
        if name in spec.static:
            continue
        shown = {c for c in constants if c <= 64}
        first = {*range(1, 6), *shown, *(() if name == "batch_size" else (12,))}
        others = {*range(6, 7 if name == "batch_size" else 10), sizes[name] - 1, sizes[name] + 1}
        yield tuple(
            [Change(name, f"{name} = {v}", resized(case, name, v, spec), v) for v in sorted(values - {0, sizes[name]})]
            for values in (first, others - first)
        )  # type: ignore[misc]
    # What fails with equal lengths does not pass because they are equal.
    if sizes.get("source_length", 0) != sizes.get("target_length", 0) and spec.data_dimensions() == DATA_DIMENSIONS:
        longest = max(sizes["source_length"], sizes["target_length"])
        yield [_equal_lengths(case, value, spec) for value in sorted({1, 2, 3, longest, longest + 1})], ()


def _equal_lengths(case: Case, length: int, spec: Spec) -> Change:
    """Return the case with both its lengths the same."""
    both = resized(resized(case, "source_length", length, spec), "target_length", length, spec)
    return Change("equal_lengths", f"source_length = target_length = {length}", both, length)


def manner_changes(case: Case, spec: Spec) -> Iterator[Change]:
    """Yield the changes of how the same data is handed over."""
    batches = case.batches
    if len(batches) > 1:
        yield Change("batches", "the last batch alone", attrs.evolve(case, batches=batches[-1:]))
        yield Change("batches", "the first batch twice", attrs.evolve(case, batches=(batches[0], batches[0])))
    if any(batch.ragged for batch in batches):
        # Two rows that became one and the same would hide whatever rows do to each other.
        yield Change("ragged", "rows of equal length", with_other_row(rectangular(case, spec), spec))
    if any(batch.extra_source or batch.extra_target for batch in batches):
        yield Change("extra_padding", "no extra padding", with_batches(case, extra_source=0, extra_target=0))
    for state in states(spec):
        if state != batches[-1].initial_state:
            yield Change("initial_state", f"initial_state = {state}", with_batches(case, initial_state=state))
    yield from _encoding_changes(case, spec)
    for mode in modes(spec):
        if mode != case.mode:
            yield Change("mode", f"mode = {mode}", attrs.evolve(case, mode=mode))
    yield from _id_changes(case, spec)


def _encoding_changes(case: Case, spec: Spec) -> Iterator[Change]:
    """Yield the case with its labels in the other encoding."""
    if not spec.has_labels:
        return
    encodings: tuple[Encoding, ...] = ("sparse", "one_hot")
    for encoding in encodings:
        if (encoding == "sparse") != (case.batches[-1].target_encoding == "sparse"):
            changed = with_batches(case, target_encoding=encoding)
            yield Change("target_encoding", f"target_encoding = {encoding}", changed)


def _id_changes(case: Case, spec: Spec) -> Iterator[Change]:
    """Yield the case with the ids of one side at the lowest."""
    for side in SIDES:
        low, _ = id_range(side, case.dimensions, spec)
        changed = with_every_id(case, side, low)
        if changed != case:
            yield Change(f"{side}_ids", f"{side} ids = {low}", changed)


def build_changes(case: Case, spec: Spec, steps: int = 2) -> Iterator[Change]:
    """Yield the changes of one dimension of the build: up a few steps, up a lot, and to the sizes of the others."""
    for name in spec.build_dimensions():
        now = case.dimensions[name]
        legal = [value for value in legal_values(name, case.dimensions, spec) if value != now]
        higher = [value for value in legal if value > now]
        others = {size for other, size in case.dimensions.items() if other != name}
        wanted = {*higher[:steps], *legal[:1]}
        if steps > 1:
            wanted |= {v for v in legal if v in others or v == 2 * now}
        for value in sorted(wanted):
            yield Change(name, f"{name} = {value}", resized(case, name, value, spec), value)
