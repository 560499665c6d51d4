"""One factor of a case changed at a time: what a failure depends on shows by what makes it pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, tokens_for_steps
from fuzzseq.cases.domain import id_range, legal_values, modes, states
from fuzzseq.targets.spec import Encoding, Side, Spec

_ROWS: Final = ("batch_size", "source_length", "target_length")
SIDES: Final[tuple[Side, ...]] = ("source", "target")


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
    for name, change in (
        ("batch_size", with_rows),
        ("source_length", with_source_length),
        ("target_length", with_target_length),
    ):
        if name not in spec.data_dimensions() or name in spec.static:
            continue
        shown = {c for c in constants if c <= 64}
        first = {*range(1, 6), *shown, *(() if name == "batch_size" else (12,))}
        others = {*range(6, 7 if name == "batch_size" else 10), sizes[name] - 1, sizes[name] + 1}
        yield tuple(
            [Change(name, f"{name} = {v}", change(case, v, spec), v) for v in sorted(values - {0, sizes[name]})]
            for values in (first, others - first)
        )  # type: ignore[misc]
    # What fails with equal lengths does not pass because they are equal.
    if sizes.get("source_length", 0) != sizes.get("target_length", 0) and len(spec.data_dimensions()) == len(_ROWS):
        longest = max(sizes["source_length"], sizes["target_length"])
        yield [_equal_lengths(case, value, spec) for value in sorted({1, 2, 3, longest, longest + 1})], ()


def _equal_lengths(case: Case, length: int, spec: Spec) -> Change:
    """Return the case with both its lengths the same."""
    both = with_target_length(with_source_length(case, length, spec), length, spec)
    return Change("equal_lengths", f"source_length = target_length = {length}", both, length)


def manner_changes(case: Case, spec: Spec) -> Iterator[Change]:
    """Yield the changes of how the same data is handed over."""
    batches = case.batches
    if len(batches) > 1:
        yield Change("batches", "the last batch alone", attrs.evolve(case, batches=batches[-1:]))
        yield Change("batches", "the first batch twice", attrs.evolve(case, batches=(batches[0], batches[0])))
    if any(batch.ragged for batch in batches):
        # Two rows that became one and the same would hide whatever rows do to each other.
        yield Change("ragged", "rows of equal length", with_other_row(_each(case, _rectangular), spec))
    if any(batch.extra_source or batch.extra_target for batch in batches):
        yield Change("extra_padding", "no extra padding", _each(case, _without_padding))
    for state in states(spec):
        if state != batches[-1].initial_state:
            changed = attrs.evolve(case, batches=tuple(attrs.evolve(b, initial_state=state) for b in batches))
            yield Change("initial_state", f"initial_state = {state}", changed)
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
            changed = attrs.evolve(case, batches=tuple(attrs.evolve(b, target_encoding=encoding) for b in case.batches))
            yield Change("target_encoding", f"target_encoding = {encoding}", changed)


def _id_changes(case: Case, spec: Spec) -> Iterator[Change]:
    """Yield the case with the ids of one side at the lowest."""
    for side in SIDES:
        low, _ = id_range(side, case.dimensions, spec)
        changed = attrs.evolve(case, batches=tuple(_lowered(batch, side, low) for batch in case.batches))
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
            yield Change(name, f"{name} = {value}", with_dimension(case, name, value, spec), value)


def with_dimension(case: Case, name: str, value: int, spec: Spec) -> Case:
    """Return a case with another size of the build, ids beyond a smaller vocabulary moved down to its last row."""
    dimensions = {**case.dimensions, name: value}
    changed = attrs.evolve(case, dimensions=dimensions)
    for side in SIDES:
        if spec.vocabulary(side) == name:
            moved = (_rescaled(batch, side, case.dimensions[name], value) for batch in changed.batches)
            changed = attrs.evolve(changed, batches=tuple(moved))
    return _refitted(changed, spec)


def _refitted(case: Case, spec: Spec) -> Case:
    """Return a case whose widths are those that the model fixes for its sizes: rows are cut, or padding added."""
    for name, change, extra in (
        ("source_length", with_source_length, "extra_source"),
        ("target_length", with_target_length, "extra_target"),
    ):
        legal = legal_values(name, case.dimensions, spec) if name in spec.static else []
        width_now = case.sizes(spec).get(name)
        if not legal or width_now in legal:
            continue
        width = min(legal, key=lambda value: abs(value - (width_now or 0)))
        longest = (width_now or 0) - getattr(case.batches[-1], extra)
        if longest > width:
            case, longest = change(case, width, spec), width
        changes: dict[str, Any] = {extra: width - longest}
        case = attrs.evolve(case, batches=tuple(attrs.evolve(batch, **changes) for batch in case.batches))
    return case


def with_rows(case: Case, count: int, spec: Spec) -> Case:
    """Return a case whose batches have ``count`` rows, the first ones repeated."""
    return _each(case, lambda b: attrs.evolve(b, pairs=tuple(b.pairs[i % len(b.pairs)] for i in range(count))))


def with_other_row(case: Case, spec: Spec) -> Case:
    """Return a case whose last row holds other source ids than its first, where they are the same."""

    def changed(batch: Batch) -> Batch:
        *before, last = batch.pairs
        if not before or before[0] != last:
            return batch
        source = tuple(_next_id(word, "source", case, spec) for word in last.source)
        return attrs.evolve(batch, pairs=(*before, attrs.evolve(last, source=source)))

    return _each(case, changed) if spec.has_source else case


def _next_id(word: int, side: Side, case: Case, spec: Spec) -> int:
    """Return the next ordinary id of a side, from the last to the first."""
    low, high = id_range(side, case.dimensions, spec)
    return low if word >= high else word + 1


def with_source_length(case: Case, length: int, spec: Spec) -> Case:
    """Return a case whose source rows all have ``length`` ids, their own repeated, and no extra padding."""
    return _each(
        case,
        lambda b: attrs.evolve(
            b, extra_source=0, pairs=tuple(attrs.evolve(p, source=_cycled(p.source, length, spec)) for p in b.pairs)
        ),
    )


def with_target_length(case: Case, length: int, spec: Spec) -> Case:
    """Return a case whose rows all have ``length`` decoder steps, and no extra padding."""
    count = max(0, tokens_for_steps(length, spec.tokens))
    return _each(
        case,
        lambda b: attrs.evolve(
            b, extra_target=0, pairs=tuple(attrs.evolve(p, target=_cycled(p.target, count, spec)) for p in b.pairs)
        ),
    )


def _cycled(ids: tuple[int, ...], count: int, spec: Spec) -> tuple[int, ...]:
    """Return ``count`` ids, those given repeated."""
    given = ids or (spec.tokens.lowest_word(),)
    return tuple(given[i % len(given)] for i in range(count))


def _each(case: Case, change: Callable[[Batch], Batch]) -> Case:
    """Return a case with every batch changed."""
    return attrs.evolve(case, batches=tuple(change(batch) for batch in case.batches))


def _rectangular(batch: Batch) -> Batch:
    """Return a batch whose rows are all as long as the longest."""
    source = max(len(p.source) for p in batch.pairs)
    target = max(len(p.target) for p in batch.pairs)

    def grown(ids: tuple[int, ...], length: int) -> tuple[int, ...]:
        return ids + (ids[-1:] or (3,)) * (length - len(ids))

    pairs = tuple(Pair(source=grown(p.source, source), target=grown(p.target, target)) for p in batch.pairs)
    return attrs.evolve(batch, pairs=pairs)


def _without_padding(batch: Batch) -> Batch:
    """Return a batch without columns beyond its longest row."""
    return attrs.evolve(batch, extra_source=0, extra_target=0)


def _lowered(batch: Batch, side: str, low: int) -> Batch:
    """Return a batch with all ids of one side at the lowest."""
    return attrs.evolve(
        batch, pairs=tuple(attrs.evolve(p, **{side: (low,) * len(getattr(p, side))}) for p in batch.pairs)
    )


def _rescaled(batch: Batch, side: str, was: int, now: int) -> Batch:
    """Return a batch for a vocabulary of another size: the last row stays the last, others stay where they fit."""

    def moved(ids: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(now - 1 if i == was - 1 else min(i, now - 1) for i in ids)

    return attrs.evolve(batch, pairs=tuple(attrs.evolve(p, **{side: moved(getattr(p, side))}) for p in batch.pairs))
