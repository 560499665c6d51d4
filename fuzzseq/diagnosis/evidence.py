"""All that is known of a failure when its cause is decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import attrs

from fuzzseq.case import Case
from fuzzseq.diagnosis.factors import (
    Change,
    build_changes,
    manner_changes,
    sweeps,
    with_dimension,
    with_other_row,
    with_rows,
    with_source_length,
    with_target_length,
)
from fuzzseq.diagnosis.patterns import Pattern, pattern
from fuzzseq.domain import legal_values
from fuzzseq.findings import Intervention
from fuzzseq.outcome import Frame, LayerFrame, Raised, Verdict
from fuzzseq.spec import Spec

_SHAPE: Final = re.compile(r"[\[(]((?:\d+|None)(?:,\s*(?:\d+|None))*,?)[\])]")
_MOST_CONSTANTS: Final = 4
_SILENT_SIZES: Final = 3
_EXPRESSIONS: Final[Mapping[str, Callable[[int], int]]] = {
    "{}": lambda size: size,
    "{} + 1": lambda size: size + 1,
    "{} - 1": lambda size: size - 1,
    "2 * {}": lambda size: 2 * size,
}


class Prober(Protocol):
    """Whoever can say how a changed case ends."""

    def answer(self, case: Case) -> str:
        """Return ``passes``, ``same`` or ``other``."""

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case."""


@attrs.frozen(kw_only=True)
class Evidence:
    """A failure, its minimal case, and how it ends when one factor is changed.

    ``told`` is the exception where the sizes tell most: of a case with sizes pairwise different, if that fails as well;
    ``hints`` and ``location`` are those of the verdict there.
    """

    spec: Spec
    case: Case
    verdict: Verdict
    told: Raised | None
    told_sizes: Mapping[str, int]
    interventions: tuple[Intervention, ...] = ()
    patterns: Mapping[str, Pattern] = attrs.field(factory=dict)
    hints: tuple[str, ...] = ()
    location: Frame | None = None

    @property
    def stage(self) -> str:
        """The stage of the failure."""
        return self.verdict.stage

    @property
    def message(self) -> str:
        """The message in lower case."""
        return (self.told.message if self.told else self.verdict.message).lower()

    @property
    def op(self) -> str:
        """The TensorFlow operation that raised, if one did."""
        return self.told.op if self.told else ""

    @property
    def layers(self) -> tuple[LayerFrame, ...]:
        """The layers that were running, outermost first."""
        return self.told.layers if self.told else ()

    @property
    def innermost(self) -> LayerFrame | None:
        """The layer that raised."""
        return self.layers[-1] if self.layers else None

    @property
    def line(self) -> str:
        """The user's own line."""
        location = self.told.location if self.told else None
        return location.source if location else ""

    def passes(self, factor: str, change: str = "") -> bool:
        """Say whether some change of a factor makes the case pass."""
        return any(i.factor == factor and change in i.change and i.result == "passes" for i in self.interventions)

    def pattern(self, dimension: str) -> Pattern:
        """Return when the failure occurs, by one dimension."""
        return self.patterns.get(dimension, Pattern("unknown"))

    def matters(self, dimension: str) -> bool:
        """Say whether some other size of a dimension makes the case pass."""
        return self.pattern(dimension).kind not in ("any", "unknown")

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes that the message names."""
        return [tuple(int(n) for n in re.findall(r"\d+", found)) for found in _SHAPE.findall(self.message)]

    def named(self, size: int) -> str:
        """Return a size as a dimension, one more or less, or a small multiple; the number where it is none of these."""
        build = {name: value for name, value in self.told_sizes.items() if name in self.case.dimensions}
        for text, change in _EXPRESSIONS.items():
            found = [text.format(name) for name, value in build.items() if change(value) == size]
            if found:
                return " or ".join(found)
        return str(size)


def gather(spec: Spec, case: Case, verdict: Verdict, prober: Prober | None) -> Evidence:
    """Return the evidence of a failure; without a prober, what its verdict tells."""
    sizes = case.sizes(spec)
    alone = prober is None or case.domain != "ordinary"  # what an edge case is changed to is another domain's
    if alone or prober is None or (verdict.raised is not None and verdict.raised.ending == "hung"):
        return Evidence(spec=spec, case=case, verdict=verdict, told=verdict.raised, told_sizes=sizes)
    telling, told_sizes = _most_telling(spec, case, verdict, prober)
    told, silent = telling.raised, verdict.raised is None
    constants = _constants(verdict, told, {*sizes.values(), *told_sizes.values()})
    interventions: list[Intervention] = []
    answers: dict[str, dict[int, bool]] = {}
    for change in manner_changes(case, spec):
        _record(change, prober, interventions, answers)
    for few, others in sweeps(case, spec, constants):
        # No message names a constant of a silent failure, and each answer takes several runs: small sizes tell enough.
        first = [change for change in few if not silent or (change.value or 0) <= _SILENT_SIZES]
        results = [_record(change, prober, interventions, answers) for change in first]
        if not silent and any(result != "same" for result in results):
            for change in others:
                _record(change, prober, interventions, answers)
    for change in build_changes(case, spec, 1 if silent else 2):
        _record(change, prober, interventions, answers)
    for name, found in answers.items():
        if name in sizes:
            found[sizes[name]] = True
    return Evidence(
        spec=spec,
        case=case,
        verdict=verdict,
        told=told,
        told_sizes=told_sizes,
        hints=telling.hints,
        location=telling.raised.location if telling.raised else telling.location,
        interventions=tuple(interventions),
        patterns={name: pattern(found) for name, found in answers.items()},
    )


def _record(
    change: Change, prober: Prober, interventions: list[Intervention], answers: dict[str, dict[int, bool]]
) -> str:
    """Try one change, keep what came of it, and return it; another failure says nothing about this one."""
    result = prober.answer(change.case)
    interventions.append(Intervention(factor=change.factor, change=change.change, result=result))  # type: ignore[arg-type]
    if change.value is not None and result != "other":
        answers.setdefault(change.factor, {})[change.value] = result == "same"
    return result


def _most_telling(spec: Spec, case: Case, verdict: Verdict, prober: Prober) -> tuple[Verdict, dict[str, int]]:
    """Return the verdict of the same failure at sizes that are pairwise different, with those sizes."""
    widened = distinct(case, spec)
    candidates: list[Callable[[], Case]] = [
        lambda: _longer(widened, spec),
        lambda: widened,
        lambda: _longer(case, spec),
    ]
    for candidate in candidates:
        changed = candidate()
        if prober.answer(changed) == "same":
            found = prober.verdict(changed)
            if found is not None:
                return found, changed.sizes(spec)
    return verdict, case.sizes(spec)


def distinct(case: Case, spec: Spec) -> Case:
    """Return a case whose dimensions of the build are pairwise different, as far as their ranges allow."""
    taken: set[int] = {2, 3, 5}  # the batch, and the two lengths
    for name in spec.build_dimensions():
        if name in ("num_layers", "num_encoder_layers", "num_decoder_layers", "num_heads"):
            continue
        legal = legal_values(name, case.dimensions, spec)
        free = [value for value in legal if value not in taken and value > 3] or legal
        if free:
            case = with_dimension(case, name, free[0], spec)
        taken.add(case.dimensions[name])
    return case


def _longer(case: Case, spec: Spec) -> Case:
    """Return a case of two different rows, three source steps and five decoder steps, where nothing fixes them."""
    if "batch_size" not in spec.static:
        case = with_other_row(with_rows(case, 2, spec), spec)
    if spec.has_source and "source_length" not in spec.static:
        case = with_source_length(case, 3, spec)
    if spec.has_target and "target_length" not in spec.static:
        case = with_target_length(case, 5, spec)
    return case


def _constants(verdict: Verdict, told: Raised | None, sizes: set[int]) -> list[int]:
    """Return the numbers that a failure shows and that are no size of its case: where a hard-coded size would be."""
    texts = [verdict.message, *([told.message] if told else [])]
    numbers = [int(n) for text in texts for n in re.findall(r"(?<![\d.])\d+(?![\d.])", text)]
    for layer in told.layers if told else ():
        numbers += [n for shape in (*layer.inputs, *layer.states, *layer.masks) for n in shape]
        numbers += [shape[0] for _, shape in layer.weights if shape]
    near = {n for number in numbers for n in (number,) if 1 < number <= 64 and number not in sizes}
    return sorted(near)[:_MOST_CONSTANTS]
