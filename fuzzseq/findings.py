"""What a run tells a person: a `Finding` for each distinct failure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

import attrs

from fuzzseq.cases.case import Case, Domain
from fuzzseq.grammar import CauseSlug, CheckName, Count, FindingId, Identifier, Line, Reference, Share
from fuzzseq.protocol.evidence import Evidence
from fuzzseq.protocol.outcome import SEVERITIES, Frame, Raised, Severity, Stage

#: The version of the recipe of :func:`finding_id`; it is part of the id. Where it grows, the versions of baselines
#: and histories do.
ID_VERSION: Final = 2

#: How a changed case ends: it passes, fails in the same way or in another, or leaves the check nothing to judge.
Answer = Literal["passes", "same", "other", "not_reached"]


@attrs.frozen(kw_only=True)
class Intervention:
    """One factor of the minimal case changed, and what came of it: ``passes``, ``same``, ``other`` or ``not_reached``.

    A check that the changed case leaves nothing to judge, as padding where there is none, is not reached. ``value`` is
    the size that the factor was changed to, where it is one.
    """

    factor: str
    change: str
    value: int | None = None
    result: Answer


@attrs.frozen(kw_only=True)
class ProbedCase:
    """A case that was tried for a failing region, by its facts: its sizes, how its rows are made, and the like."""

    facts: Mapping[Identifier, bool | int | str | None]
    result: Answer


@attrs.frozen(kw_only=True)
class Region:
    """Which cases fail: the simplest condition on the facts of a case that fits every one that was tried.

    ``expression`` is that condition as Python writes it (``batch_size != 4``, ``True`` where every case fails), empty
    where no simple rule was found; ``conditions`` are the facts that each part of it is about, none
    where every case fails. ``failing`` and
    ``passing`` count the cases that it was held against, ``not_reached`` those that left the check nothing to judge;
    ``tried`` holds all of them, and those that failed in another way. ``stopped`` says that the budget of the diagnosis
    ended the search.
    """

    expression: str
    conditions: tuple[tuple[Identifier, ...], ...] = ()
    failing: Count
    passing: Count
    not_reached: Count = 0
    stopped: bool = False
    tried: tuple[ProbedCase, ...] = ()

    @property
    def is_rule(self) -> bool:
        """Whether the condition parts cases that fail from cases that pass."""
        return bool(self.conditions)

    @property
    def probes(self) -> int:
        """The cases that the condition was held against."""
        return self.failing + self.passing

    @property
    def sentence(self) -> str:
        """The region as a sentence without its period, with its evidence."""
        if not self.expression:
            return self.condition
        return f"fails {'when ' if self.is_rule else ''}{self.condition}"

    @property
    def condition(self) -> str:
        """What stands behind the label "fails when", with its evidence."""
        counts = f"{self.failing} probes fail, {self.passing} pass"
        if not self.expression:
            said = f"no simple rule found ({counts})"
        elif not self.is_rule:
            said = f"always{', where the check applies' if self.not_reached else ''} (all {self.probes} probes fail)"
        else:
            said = f"{self.expression} ({counts})"
        return f"{said}; the search reached its budget" if self.stopped else said


#: Shapes whose sizes are names of dimensions, or numbers, or None for one that is not known: all as text.
Shapes = tuple[tuple[str, ...], ...]


def shapes_text(shapes: Shapes) -> str:
    """Return shapes as a person reads them: ``[batch_size, units + 1], [7]``."""
    return ", ".join(f"[{', '.join(shape)}]" for shape in shapes)


@attrs.frozen(kw_only=True)
class TraceLine:
    """One call of a layer, its shapes in names of dimensions.

    ``outputs`` is None where it raised. ``beside`` has the shapes of the same call in the nearest passing case, inputs
    and outputs; None where that case has no such call.
    """

    path: str
    kind: str
    inputs: Shapes
    outputs: Shapes | None
    beside: tuple[Shapes, Shapes] | None = None

    @property
    def call(self) -> str:
        """What went in, and what the call came to: the shapes of its outputs, or that it raised."""
        return f"{shapes_text(self.inputs)} -> {'ERROR' if self.outputs is None else shapes_text(self.outputs)}"

    @property
    def passing(self) -> tuple[Shapes, Shapes] | None:
        """The shapes in the nearest passing case, where they are others."""
        return self.beside if self.beside != (self.inputs, self.outputs) else None


@attrs.frozen(kw_only=True)
class ShapeTrace:
    """The layers that ran up to the failure, beside the nearest passing case.

    ``passing`` is the change that makes it pass, empty where none does; ``difference`` is the index of the first line
    in which the two differ.
    """

    lines: tuple[TraceLine, ...]
    passing: str = ""
    difference: Count | None = None


@attrs.frozen(kw_only=True)
class Diagnosis:
    """Why a case fails: the cause from the catalog, what spoke for it, and the next best.

    ``confidence`` is how often a cause decided on such evidence was right, between 0 and 1; ``confidence_reasons`` say
    what spoke against the ``runner_up``. ``symbolic_message`` is the message with names of dimensions for sizes, and
    ``unresolved_sizes`` the numbers in it that have none. ``executions`` is what the diagnosis took, and ``stopped``
    that its budget ended it.
    """

    cause: CauseSlug
    explanation: str
    evidence: tuple[str, ...] = ()
    confidence: Share = 0.0
    runner_up: CauseSlug | None = None
    confidence_reasons: str = ""
    advice: str = ""
    interventions: tuple[Intervention, ...] = ()
    symbolic_message: str = ""
    unresolved_sizes: tuple[int, ...] = ()
    region: Region | None = None
    trace: ShapeTrace | None = None
    executions: Count = 0
    stopped: bool = False


@attrs.frozen(kw_only=True)
class Minimality:
    """The counts behind a minimal case: how many neighbors one step simpler there are, and that all of them passed."""

    one_minimal: bool
    neighbors: Count
    executions: Count


@attrs.frozen(kw_only=True)
class Finding:
    """One distinct failure of a fuzz target.

    ``check`` is the first check that it broke, ``checks`` are all; ``case`` is minimal; ``location`` is the user's
    line; ``failure_evidence`` is what a check saw where nothing raised; ``exceptions`` are the messages by mode, where
    eager and graph mode differ. One is ``provisional`` where the run ended before the failure was shrunk and confirmed:
    the case is the one that was seen, and a resumed run puts another finding in its place.
    """

    id: FindingId
    target: Reference
    check: CheckName
    checks: tuple[CheckName, ...]
    cause: CauseSlug
    group: Line
    stage: Stage
    domain: Domain
    severity: Severity
    message: str
    failure_evidence: tuple[Evidence, ...] = ()
    exception: Raised | None
    location: Frame | None
    position: str
    case: Case
    sizes: Mapping[Identifier, Count]
    minimality: Minimality
    diagnosis: Diagnosis
    signature: str
    flaky: bool = False
    provisional: bool = False
    exceptions: Mapping[str, str] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        place = f" at {self.location.place}" if self.location else ""
        confidence = f"confidence {self.diagnosis.confidence:.0%}"
        return f"<Finding {self.id} of {self.target}: {self.check} fails{place}, {confidence}>"

    def __str__(self) -> str:
        return f"{self.cause}: {self.diagnosis.explanation or self.message}"

    def objection(self) -> str:
        """Return what does not fit together in a finding that was read; nothing where all does."""
        if self.id.rpartition("-")[0] != self.cause or self.diagnosis.cause != self.cause:
            return f"the finding {self.id} has the cause {self.cause}, and its diagnosis {self.diagnosis.cause}"
        return "" if self.check in self.checks else f"the check {self.check} is none of those of the finding"

    def at_least(self, severity: Severity) -> bool:
        """Say whether the finding is as severe as that, or more."""
        return SEVERITIES.index(self.severity) <= SEVERITIES.index(severity)

    @property
    def one_minimal(self) -> bool:
        """Whether every neighbor one step simpler was tried and none fails in the same way."""
        return self.minimality.one_minimal


def finding_id(identity: str, family: str, cause: str, position: str) -> str:
    """Return the stable id of a finding: it holds no message, no line number and no automatic layer name.

    ``identity`` is that of the target, as :func:`fuzzseq.targets.identity.identity_of` tells it: one function has one,
    by whatever name and in whatever file it is a target.
    """
    text = "\x1f".join((str(ID_VERSION), identity, family, cause, position))
    return f"{cause}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
