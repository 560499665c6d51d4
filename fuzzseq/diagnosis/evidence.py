"""All that is known of a failure when its cause is decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.diagnosis.patterns import Pattern
from fuzzseq.findings import Intervention, Region, ShapeTrace
from fuzzseq.protocol.outcome import Frame, LayerFrame, Raised, Verdict
from fuzzseq.targets.spec import Spec

_SHAPE: Final = re.compile(r"[\[(]((?:\d+|None)(?:,\s*(?:\d+|None))*,?)[\])]")
_EXPRESSIONS: Final[Mapping[str, Callable[[int], int]]] = {
    "{}": lambda size: size,
    "{} + 1": lambda size: size + 1,
    "{} - 1": lambda size: size - 1,
    "2 * {}": lambda size: 2 * size,
}


def beyond_table(message: str) -> bool:
    """Say whether a message is that of an id, or a label, which a table or the classes of an output do not hold."""
    lowered = message.lower()
    return "is not in [0" in lowered or ("label value" in lowered and "outside" in lowered)


def is_silent(verdict: Verdict) -> bool:
    """Say whether a failure shows no sizes: nothing raised, and no shape is what is wrong."""
    return verdict.raised is None and verdict.check != "output_shape"


@attrs.frozen(kw_only=True)
class Evidence:
    """A failure, its minimal case, and how it ends when one factor is changed.

    ``told`` is the exception where the sizes tell most: of a case with sizes pairwise different, if that fails as well;
    ``hints`` and ``location`` are those of the verdict there. ``patterns`` say by one dimension when this failure
    occurs, ``failing`` when any does.
    """

    spec: Spec
    case: Case
    verdict: Verdict
    told: Raised | None
    told_sizes: Mapping[str, int]
    interventions: tuple[Intervention, ...] = ()
    patterns: Mapping[str, Pattern] = attrs.field(factory=dict)
    failing: Mapping[str, Pattern] = attrs.field(factory=dict)
    hints: tuple[str, ...] = ()
    location: Frame | None = None
    named_message: str = ""
    nameless: tuple[int, ...] = ()
    region: Region | None = None
    trace: ShapeTrace | None = None
    executions: int = 0
    stopped: bool = False

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

    def any_failure(self, dimension: str) -> Pattern:
        """Return when the case fails in whatever way, by one dimension."""
        return self.failing.get(dimension, Pattern("unknown"))

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
