"""What the engine yields, and who listens. Reporters see these values and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import attrs

from fuzzseq.cases.invalid import Acceptance
from fuzzseq.findings import Finding
from fuzzseq.grammar import CheckName, Count, Identifier, Label, Line, Moment, Reference, Seconds
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec

Phase = Literal["corpus", "boundary", "random", "edge", "shrink", "diagnose"]


@attrs.frozen(kw_only=True)
class CheckCount:
    """How often one check ran, was not reached, or was skipped and why.

    ``blocked_by`` is what kept it from being reached: the exception of the first such case, or what no case had for it
    to judge. ``not_applicable`` is why it has no meaning, by the Spec or by what runs showed. ``errored`` counts the
    cases on which its own code failed; ``blocked_by`` is then how.
    """

    ran: Count = 0
    failed: Count = 0
    not_reached: Count = 0
    not_applicable: str = ""
    skipped: str = ""
    blocked_by: str = ""
    errored: Count = 0

    @property
    def judged(self) -> bool:
        """Whether a verdict was reached on at least one case."""
        return bool(self.ran or self.failed)

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for: it was judged, failed of itself, or was seen not to apply."""
        return self.judged or bool(self.errored or self.not_applicable)


@attrs.frozen(kw_only=True)
class Unjudged:
    """A check that was asked of a target and applies to it, and that was judged on none of its cases, or not on all.

    ``check`` is empty where nothing is known of any check of the target, after so many ``cases`` that were tried;
    with a check, ``cases`` counts those on which its own code failed. ``reason`` is what kept it from being judged.
    """

    target: str
    check: str
    reason: str
    cases: Count = 0


@attrs.frozen(kw_only=True)
class TargetReport:
    """One fuzz target of a run, when it is done; ``index`` orders the targets as they were asked for.

    ``acceptance`` says of each kind of wrong input how the model takes it, where that was asked.
    """

    name: Reference
    spec: Spec | None
    cases: Count = 0
    corpus_cases: Count = 0
    edge_cases: Count = 0
    executions: Count = 0
    stop_reason: StopReason = StopReason.COMPLETED
    checks: Mapping[CheckName, CheckCount] = attrs.field(factory=dict)
    error: str = ""
    seconds: Seconds = 0.0
    index: Count = 0
    acceptance: Mapping[Identifier, Acceptance] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RunStarted:
    """The run begins; TensorFlow may not be loaded yet.

    ``absolute`` are those of the targets that were named by an absolute path, however that is shown.
    """

    targets: tuple[Reference, ...]
    settings: Settings
    started: Moment
    absolute: tuple[Reference, ...] = ()


@attrs.frozen(kw_only=True)
class TargetLoaded:
    """A target's file was loaded and its Spec resolved. ``versions`` are the worker's: python, tensorflow, keras."""

    target: Reference
    spec: Spec
    versions: Mapping[Line, Line]
    index: Count = 0


@attrs.frozen(kw_only=True)
class CaseExecuted:
    """One case was tried. ``number`` counts within the target, from 1; those of the corpus are counted apart.

    ``sizes`` are those of its last batch and of the build.
    """

    target: Reference
    phase: Phase
    number: Count
    total: Count
    failed: bool
    sizes: Mapping[Identifier, Count] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class TargetState:
    """How far the work on a target has come; with the findings so far it is enough to go on from.

    ``rounds`` of random cases were tried. ``failed``, ``graph_fails``, ``graph_runs`` and ``hung`` are what was learned
    of the model, ``taken`` the keys of the failures that were followed up, ``dry`` that there are no more cases
    to draw. ``boundary`` says whether the boundary cases were tried; before them comes the corpus alone. ``rounds``
    are those of the ``block`` that is worked on, and ``cases_before_block`` were tried when it began.
    """

    rounds: Count
    cases: Count
    corpus_cases: Count
    executions: Count
    unbuilt: Count
    ran: Count
    checks: Mapping[CheckName, CheckCount]
    failed: tuple[CheckName, ...]
    graph_fails: bool
    graph_runs: bool
    hung: bool
    taken: tuple[str, ...]
    dry: bool
    boundary: bool = True
    block: Count = 0
    cases_before_block: Count = 0


@attrs.frozen(kw_only=True)
class Checkpoint:
    """A wave of cases is done, and its failures are followed up: an interrupted run can go on from here."""

    target: Reference
    state: TargetState


@attrs.frozen(kw_only=True)
class FailureObserved:
    """A failure with a new signature; it will be shrunk now."""

    target: Reference
    check: CheckName
    signature: str
    message: str


@attrs.frozen(kw_only=True)
class Progress:
    """A failure was shrunk, or diagnosed; ``signature`` tells which, ``executions`` counts both."""

    target: Reference
    phase: Phase
    executions: Count
    signature: str = ""


@attrs.frozen(kw_only=True)
class FindingReported:
    """A finding, shrunk, confirmed and diagnosed. It replaces one with its id (a smaller case, more checks)."""

    finding: Finding


@attrs.frozen(kw_only=True)
class WarningEmitted:
    """Something a user should know that is no failure of the model."""

    target: Label
    message: str


@attrs.frozen(kw_only=True)
class TargetFinished:
    """A target is done, or could not be used (``report.error`` says why in one sentence)."""

    report: TargetReport


@attrs.frozen(kw_only=True)
class InternalError:
    """fuzzseq itself failed; what was found stays. ``traceback`` is for a bug report."""

    target: Label
    message: str
    traceback: str


@attrs.frozen(kw_only=True)
class RunFinished:
    """The run is over, in whatever way."""

    stop_reason: StopReason
    seconds: Seconds


Event = (
    RunStarted
    | TargetLoaded
    | CaseExecuted
    | Checkpoint
    | FailureObserved
    | Progress
    | FindingReported
    | WarningEmitted
    | TargetFinished
    | InternalError
    | RunFinished
)


class Reporter(Protocol):
    """Whoever listens to a run."""

    def on_event(self, event: Event) -> None:
        """Take one event."""
