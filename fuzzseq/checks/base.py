"""What a check is: a promise, a plan of runs, and a judgment of what they gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy.typing as npt

from fuzzseq.cases.arrays import Arrays
from fuzzseq.cases.case import Case
from fuzzseq.protocol.outcome import Frame, LayerFrame, Raised, Run, Severity, Stage, Verdict
from fuzzseq.targets.spec import Spec

Array = npt.NDArray[Any]


@attrs.frozen(kw_only=True)
class Gradient:
    """The gradient of one trainable weight: None where there is none; ``path`` has no automatic numbers."""

    path: str
    value: Array | None


@attrs.frozen(kw_only=True)
class LayerOutput:
    """The output of one call of a layer in a watched run; ``site`` is the user's line that called it."""

    path: str
    layer: LayerFrame
    values: tuple[Array, ...]
    site: Frame | None = None


@attrs.frozen(kw_only=True)
class Softmax:
    """One softmax of a watched run: its result, the axis that it was taken over, and the layer that it ran in."""

    path: str
    value: Array
    axis: int
    site: Frame | None = None


@attrs.frozen(kw_only=True)
class Observed:
    """What one batch of a run gave, as numpy. Only what the run went far enough for is there.

    ``output`` is the scores that the Spec names, (batch, steps, words) for a model of sequences; ``expected`` is the
    shape that the Spec promises for it, with None where it promises nothing; ``gradients`` are one for each trainable
    weight. ``score_gradient`` is that of the loss by the scores; ``changed_losses`` are those of changed scores, by the
    name of the change. ``layers`` and ``softmaxes`` are in the order in which they were done, those of a watched
    run. ``crossings`` say which states are crossed, with the user's line; ``takers_of_states`` counts the recurrent
    layers that are given any. ``traces`` counts the values that numbers of
    Python's had which each ``tf.function`` of the user's own was given since the run began: each costs a trace.
    """

    arrays: Arrays
    output: Array | None = None
    expected: tuple[int | None, ...] | None = None
    states: Sequence[Array] = ()
    loss: Array | None = None
    gradients: Sequence[Gradient] = ()
    first_nonfinite: str = ""
    score_gradient: Array | None = None
    changed_losses: Mapping[str, Array] = attrs.field(factory=dict)
    layers: Sequence[LayerOutput] = ()
    softmaxes: Sequence[Softmax] = ()
    crossings: Sequence[tuple[str, Frame | None]] = ()
    takers_of_states: int = 0
    traces: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Result:
    """What one run gave: an observation for each of its batches, up to the one that raised."""

    observed: tuple[Observed, ...] = ()
    raised: Raised | None = None

    @property
    def last(self) -> Observed:
        """The observation of the last batch."""
        return self.observed[-1]


Results = Mapping[str, Result]


def everywhere(spec: Spec) -> str | None:
    """Say that a check applies to every model."""
    return None


@attrs.frozen(kw_only=True)
class Check:
    """One promise. ``name`` states a fact about the model; ``family`` is the part of it that goes into keys.

    ``applies(spec)`` returns None, or the reason why the promise has no meaning for a model. ``plan(case, spec)``
    names the runs that are needed; none for a case that the check has nothing to ask of.
    ``judge(results, case, spec)`` is called when none of them raised, unless ``judges_exceptions``; it returns None
    when the promise held, else a verdict: :meth:`nothing_compared` where the results held nothing to look at, and
    :meth:`not_applicable` where they showed that the model has nothing of the kind. Neither counts as judged. One that
    judges exceptions says itself where it was not reached.
    ``confirm(results, case, spec)`` names runs that are needed only once a promise seems broken: the judge is then
    asked again with their results beside the others. None of them may import TensorFlow.

    ``expensive`` checks are asked of traced cases alone, wherever a model can be traced: the eager ones are there to
    tell early what raises. ``every`` asks one of so many of those. Where a check that ``blocks`` is broken, the
    thorough ones that come after it are not reached: what they would see follows from it.
    """

    name: str
    description: str
    plan: Callable[[Case, Spec], Mapping[str, Run]]
    judge: Callable[[Results, Case, Spec], Verdict | None]
    applies: Callable[[Spec], str | None] = everywhere
    family: str = ""
    severity: Severity = "error"
    stage: Stage = "forward"
    judges_exceptions: bool = False
    confirm: Callable[[Results, Case, Spec], Mapping[str, Run]] | None = None
    expensive: bool = False
    every: int = 1
    blocks: bool = False
    profiles: tuple[str, ...] = ("quick", "ci", "nightly")

    def failed(self, message: str, **details: Any) -> Verdict:
        """Return the verdict of a broken promise."""
        return Verdict(check=self.name, status="failed", message=message, **{"stage": self.stage, **details})

    def not_applicable(self, why: str) -> Verdict:
        """Return the verdict of a check whose runs showed nothing of what it is about; ``why`` is shown to the user."""
        return Verdict(check=self.name, status="not_applicable", stage=self.stage, message=why)

    def nothing_compared(self) -> Verdict:
        """Return the verdict of a check whose runs gave nothing that could be compared, as outputs of other shapes."""
        return Verdict(check=self.name, status="not_reached", stage=self.stage)

    def not_reached(self, raised: Raised) -> Verdict:
        """Return the verdict of a promise that was not judged, since the run that it is about raised."""
        return Verdict(check=self.name, status="not_reached", stage=raised.stage, raised=raised)


def forward(case: Case) -> Run:
    """Return the plain run of a case up to the output; an eager one is watched, which costs it little."""
    return Run(batches=case.batches, mode=case.mode, watched=case.mode == "eager")


def training_step(case: Case) -> Run:
    """Return the run of a case up to its gradients."""
    return Run(batches=case.batches, until="gradient", training=True, mode=case.mode)


def has_labels(spec: Spec) -> str | None:
    """Say that a check needs labels to score an output with."""
    return None if spec.has_labels else "the model is an encoder: it has no labels"


def never(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Judge nothing: the check is about exceptions, and is broken by them alone."""
    return None
