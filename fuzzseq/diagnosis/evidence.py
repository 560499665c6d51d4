"""All that is known of a failure when its cause is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.wording import message_of
from fuzzseq.diagnosis.patterns import Pattern
from fuzzseq.findings import Intervention, Region, ShapeTrace
from fuzzseq.protocol.evidence import Evidence, WrongShape
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Frame, LayerFrame, Operand, Raised, TensorRole, Verdict
from fuzzseq.targets.spec import Spec

_Kind = TypeVar("_Kind", bound=Evidence)
_EXPRESSIONS: Final[Mapping[str, Callable[[int], int]]] = {
    "{}": lambda size: size,
    "{} + 1": lambda size: size + 1,
    "{} - 1": lambda size: size - 1,
    "2 * {}": lambda size: 2 * size,
}


def is_silent(verdict: Verdict) -> bool:
    """Say whether a failure shows no sizes: nothing raised, and no shape is what is wrong."""
    return verdict.raised is None and verdict.check != "output_shape"


@attrs.frozen(kw_only=True)
class FailureEvidence:
    """A failure, its minimal case, and how it ends when one factor is changed.

    ``clearest`` is the exception where the sizes say most: of a case with sizes pairwise different, if that fails too;
    ``seen`` and ``location`` are those of the verdict there. ``patterns`` say by one dimension when this failure
    occurs, ``failing`` when any does; ``operands`` are what the operation that raised was given, empty where that is
    not known.
    """

    spec: Spec
    case: Case
    verdict: Verdict
    clearest: Raised | None
    clearest_sizes: Mapping[str, int]
    interventions: tuple[Intervention, ...] = ()
    patterns: Mapping[str, Pattern] = attrs.field(factory=dict)
    failing: Mapping[str, Pattern] = attrs.field(factory=dict)
    seen: tuple[Evidence, ...] = ()
    location: Frame | None = None
    named_message: str = ""
    nameless: tuple[int, ...] = ()
    region: Region | None = None
    trace: ShapeTrace | None = None
    operands: tuple[Operand, ...] = ()
    executions: int = 0
    stopped: bool = False

    @property
    def stage(self) -> str:
        """The stage of the failure."""
        return self.verdict.stage

    @property
    def written(self) -> Mapping[str, str]:
        """How each dimension is called where a person reads of it."""
        return self.spec.contract.written

    @property
    def scoring(self) -> bool:
        """Whether it is the loss that fails, or its gradient."""
        return self.stage in ("loss", "gradient")

    @property
    def message(self) -> FrameworkMessage:
        """What the exception says, if there is one."""
        return FrameworkMessage(self.clearest.message if self.clearest else "")

    @property
    def sentence(self) -> str:
        """What the minimal case shows, for a person alone."""
        return message_of(self.verdict)

    def of_kind(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """Yield what was seen of a kind, in the minimal case or where the sizes tell most."""
        return (each for each in dict.fromkeys((*self.seen, *self.verdict.evidence)) if isinstance(each, kind))

    @property
    def op(self) -> str:
        """The TensorFlow operation that raised, if one did."""
        return self.clearest.op if self.clearest else ""

    @property
    def layers(self) -> tuple[LayerFrame, ...]:
        """The layers that were running, outermost first."""
        return self.clearest.layers if self.clearest else ()

    def given(self, *roles: TensorRole) -> bool:
        """Say whether the operation that raised was given something that is made of one of some roles."""
        return any(role in roles for operand in self.operands for role in operand.roles)

    def given_alone(self, *roles: TensorRole) -> tuple[Operand, ...]:
        """Return what the operation that raised was given that is made of some roles and nothing else."""
        return tuple(operand for operand in self.operands if operand.roles and set(operand.roles) <= set(roles))

    @property
    def innermost(self) -> LayerFrame | None:
        """The layer that raised."""
        return self.layers[-1] if self.layers else None

    def passes(self, factor: str, value: int | None = None) -> bool:
        """Say whether a change of a factor, to a value or any, makes the case pass."""
        return any(i.factor == factor and value in (None, i.value) and i.result == "passes" for i in self.interventions)

    def pattern(self, dimension: str) -> Pattern:
        """Return when the failure occurs, by one dimension."""
        return self.patterns.get(dimension, Pattern("unknown"))

    def any_failure(self, dimension: str) -> Pattern:
        """Return when the case fails in whatever way, by one dimension."""
        return self.failing.get(dimension, Pattern("unknown"))

    def matters(self, dimension: str) -> bool:
        """Say whether some other size of a dimension makes the case pass."""
        return self.pattern(dimension).kind not in ("any", "unknown")

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Return the shapes that the message names, or the one that an output has, and the expected one."""
        for wrong in self.verdict.evidence:
            if isinstance(wrong, WrongShape):
                return wrong.actual, tuple(size for size in wrong.expected if size is not None)
        return self.message.shapes

    def named(self, size: int) -> str:
        """Return a size as a dimension, one more or less, or a small multiple; the number where it is none of these.

        So it is where the failure was not seen at two assignments of sizes, or its message has no name for it.
        """
        if size in self.nameless or not self.named_message:
            return str(size)
        build = {name: value for name, value in self.clearest_sizes.items() if name in self.case.dimensions}
        for text, change in _EXPRESSIONS.items():
            found = [text.format(self.written[name]) for name, value in build.items() if change(value) == size]
            if found:
                return " or ".join(found)
        return str(size)
