"""Cases of one failure whose sizes are pairwise different, so that a size tells which dimension it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import legal_values
from fuzzseq.cases.transforms import resized, with_other_row, with_rows
from fuzzseq.diagnosis.probing import Prober
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.dimensions import DATA_DIMENSIONS
from fuzzseq.targets.spec import Spec

#: Rows, source steps and decoder steps of the first assignment, and of one that shares none of them.
FIRST: Final = (2, 4, 7)
SECOND: Final = (3, 9, 6)
#: Sizes up to here are those of everything.
_SMALL: Final = 3
_WIDEST: Final = 40
#: Dimensions that wider cases leave as they are.
COUNTS: Final = ("num_layers", "num_encoder_layers", "num_decoder_layers", "num_heads")


@attrs.frozen
class Assignment:
    """A case of the failure, its verdict, and its sizes."""

    case: Case
    verdict: Verdict
    sizes: Mapping[str, int]


def failing(
    spec: Spec, case: Case, prober: Prober, rows: tuple[int, int, int], avoided: Mapping[str, int]
) -> Assignment | None:
    """Return the same failure at sizes pairwise different, as far as it has them, and others than the avoided ones."""
    built = distinct(case, spec, rows, avoided)
    for changed in (_longer(built, spec, rows), built, _longer(case, spec, rows)):
        if changed != case and prober.answer(changed) == "same":
            found = prober.verdict(changed)
            if found is not None:
                return Assignment(changed, found, sizes_of(changed, spec))
    return None


def distinct(case: Case, spec: Spec, rows: tuple[int, int, int], avoided: Mapping[str, int]) -> Case:
    """Return a case whose dimensions of the build are pairwise different, as far as their ranges allow.

    No size is one more than another, or its double, where that can be had, and no difference is that of the ``avoided``
    sizes: else one would be taken for an expression of the other.
    """
    taken = dict(zip(DATA_DIMENSIONS, rows, strict=True))
    for name in spec.contract.build_dimensions():
        if name in COUNTS:
            continue
        legal = [value for value in legal_values(name, case.dimensions, spec.contract) if value <= _WIDEST]
        if legal:
            clashes = {value: _clashes(name, value, taken, avoided) for value in legal}
            case = resized(case, name, min(legal, key=lambda value: (clashes[value], value)), spec.contract)
        taken[name] = case.dimensions[name]
    return case


def _clashes(name: str, value: int, taken: Mapping[str, int], avoided: Mapping[str, int]) -> int:
    """Return how much a size has in common with others: the same, one more or less, a double, an equal difference."""
    found = 100 * (value == avoided.get(name)) + 50 * (value <= _SMALL)
    for other, size in taken.items():
        found += 100 * (value == size) + 10 * (abs(value - size) == 1) + 3 * (value in (2 * size, size / 2))
        if name in avoided and other in avoided:
            found += 5 * (value - size == avoided[name] - avoided[other])
    return found


def _longer(case: Case, spec: Spec, rows: tuple[int, int, int]) -> Case:
    """Return a case of different rows, and of so many source and decoder steps, where nothing fixes them.

    Where batches differ in their rows, those before the last have four more.
    """
    count, source, target = rows
    if "batch_size" not in spec.contract.static:
        if len({len(batch.pairs) for batch in case.batches}) == 1:
            case = with_other_row(resized(case, "batch_size", count, spec.contract), spec.contract)
        else:
            *before, last = case.batches
            batches = (*(with_rows(batch, count + 4) for batch in before), with_rows(last, count))
            case = attrs.evolve(case, batches=batches)
    for side, length in (("source", source), ("target", target)):
        if side in spec.contract.sides() and f"{side}_length" not in spec.contract.static:
            case = resized(case, f"{side}_length", length, spec.contract)
    return case


def sizes_of(case: Case, spec: Spec) -> dict[str, int]:
    """Return the sizes of a case, and the rows of the batch before the last one where there are several."""
    more = {"previous_batch_size": len(case.batches[-2].pairs)} if len(case.batches) > 1 else {}
    return {**case.sizes(spec.contract), **more}
