"""What a check is: a property, a plan of runs, and a judgment of what they gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy.typing as npt

from fuzzseq.cases.arrays import Arrays
from fuzzseq.cases.case import Case
from fuzzseq.checks.decoded import Decoded
from fuzzseq.checks.script import Script
from fuzzseq.grammar import CauseSlug
from fuzzseq.protocol.evidence import CustomMessage, Evidence, StateCrossing
from fuzzseq.protocol.outcome import Frame, LayerFrame, Raised, Severity, Stage, Verdict
from fuzzseq.protocol.runs import ForwardRun, Run, RunKey, TrainingRun
from fuzzseq.targets.spec import Spec

Array = npt.NDArray[Any]


@attrs.frozen(kw_only=True)
class Gradient:
    """The gradient of one trainable weight: None where there is none; ``path`` has no automatic numbers.

    ``site`` is the user's line that calls its layer, where there is no gradient or one of zeros.
    """

    path: str
    value: Array | None
    site: Frame | None = None

    @property
    def is_zero(self) -> bool:
        """Whether the loss does not move with the weight: there is no gradient, or one of zeros to the last bit."""
        return self.value is None or not self.value.any()


@attrs.frozen(kw_only=True)
class LayerOutput:
    """The output of one call of a layer in a run that records them; ``site`` is the user's line that called it."""

    path: str
    layer: LayerFrame
    values: tuple[Array, ...]
    site: Frame | None = None


@attrs.frozen(kw_only=True)
class Softmax:
    """One softmax of a run that records its layers: its result, its axis, the layer it ran in, how many had ended."""

    path: str
    value: Array
    axis: int
    layers_before: int = 0
    site: Frame | None = None


@attrs.frozen(kw_only=True)
class DropoutCall:
    """A call of a dropout layer of a ``rate`` above zero; ``drops`` says whether it changed what it was given.

    ``switched_off`` says that what was called first, and led to it, was given ``training=False``.
    """

    path: str
    rate: float
    drops: bool
    switched_off: bool = False
    site: Frame | None = None


@attrs.frozen(kw_only=True)
class Observed:
    """What one batch of a run gave, as numpy. Only what the run went far enough for is there.

    ``output`` is the scores that the Spec names, (batch, steps, words) for a model of sequences; ``expected`` is the
    shape that the Spec expects of it, with None where any size will do; ``gradients`` are one for each trainable
    weight. ``score_gradient`` is that of the loss by the scores; ``changed_losses`` are those of changed scores, by the
    name of the change; ``metrics`` are the compiled ones, by name, for each filling of the scores at padding.
    ``layers``, ``softmaxes`` and ``dropouts`` are in the order in which they were done, those of a run that records
    them. ``crossings`` say which states are crossed, with the user's line; ``takers_of_states`` counts the recurrent
    layers that are given any. ``handed_over`` are the user's lines that call encoders whose states were replaced, where
    decoders start from none. ``traces`` counts the values that numbers of Python's had which each ``tf.function`` of
    the user's own was given since the run began: each costs a trace. ``decoded`` is what a decode loop gave.
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
    crossings: Sequence[tuple[StateCrossing, Frame | None]] = ()
    takers_of_states: int = 0
    handed_over: Sequence[Frame | None] = ()
    metrics: Sequence[Mapping[str, float]] = ()
    dropouts: Sequence[DropoutCall] = ()
    traces: Mapping[str, int] = attrs.field(factory=dict)
    decoded: Decoded = attrs.field(factory=Decoded)


@attrs.frozen(kw_only=True)
class Result:
    """What one run gave: an observation for each of its batches, up to the one that raised."""

    observed: tuple[Observed, ...] = ()
    raised: Raised | None = None

    @property
    def last(self) -> Observed:
        """The observation of the last batch."""
        return self.observed[-1]


#: What the runs of a plan gave, by their names, and once a check seems to fail those that confirm it.
Results = Mapping[RunKey, Result]
Plan = Mapping[str, Run]
#: The runs that confirm a plan; those that are none of the plan's varied have names of their own.
Confirmations = Mapping[RunKey, Run] | Mapping[str, Run]


def everywhere(spec: Spec) -> str | None:
    """Say that a check applies to every model."""
    return None


@attrs.frozen(kw_only=True)
class Check:
    """One property of models, and all that is known of it: no other module holds a table of checks.

    None of its functions may import TensorFlow.

    Attributes:
        name: states a fact about the model.
        description: the same in words.
        cause: the cause of the catalog that a failure stands for, where nothing speaks for another.
        cause_weight: how strongly it does, from 0 to 100.
        applies: ``applies(spec)`` returns None, or the reason why the property has no meaning for a model.
        plan: ``plan(case, spec)`` names the runs that are needed; none for a case that there is nothing to ask of.
        judge: ``judge(results, case, spec)`` is called when none of them raised, unless ``judges_exceptions``; it
            returns None where the check passes, else a verdict: :meth:`nothing_compared` where the results held nothing
            to look at, and :meth:`not_applicable` where they showed that the model has nothing of the kind. Neither
            counts as judged. One that judges exceptions says itself where it was not reached.
        confirm: ``confirm(results, case, spec)`` names runs that are needed only once the check seems to fail: the
            judge is then asked again with their results beside the others.
        differences: what is said of a :class:`Difference` to each other run of the plan, with ``{gap}``, ``{largest}``
            or ``{index}`` in it.
        raises: what is said to raise, of :class:`RaisedOtherwise`.
        script: how a script shows that it fails.
        execution: the way of executing a model that it compares with a call, a module of ``worker/executions``.
        owns: the stages whose exceptions it reports; the others are not reached by those.
        blocks: the checks after it that are not reached where it fails: ``expensive`` ones, whose failures would follow
            from it, or ``all``.
        expensive: asked of traced cases alone, wherever a model can be traced: the eager ones are there to show early
            what raises.
        run_every: asks one of so many of those.
        family: the part of the name that goes into keys.

    """

    name: str
    description: str
    plan: Callable[[Case, Spec], Plan]
    judge: Callable[[Results, Case, Spec], Verdict | None]
    applies: Callable[[Spec], str | None] = everywhere
    cause: CauseSlug = "execution-custom-check"
    cause_weight: int = 80
    family: str = ""
    severity: Severity = "error"
    stage: Stage = "forward"
    judges_exceptions: bool = False
    confirm: Callable[[Results, Case, Spec], Confirmations] | None = None
    differences: Mapping[str, str] = attrs.field(factory=dict)
    raises: str = ""
    script: Script = attrs.field(factory=Script)
    execution: str = ""
    owns: tuple[Stage, ...] = ()
    blocks: Literal["nothing", "expensive", "all"] = "nothing"
    expensive: bool = False
    run_every: int = 1
    profiles: tuple[str, ...] = ("quick", "ci", "nightly")

    def failed(self, *evidence: Evidence | str, **details: Any) -> Verdict:
        """Return the verdict of a failed check: what was seen, as evidence or in words of one's own."""
        seen = tuple(CustomMessage(text=each) if isinstance(each, str) else each for each in evidence)
        return Verdict(check=self.name, status="failed", evidence=seen, **{"stage": self.stage, **details})

    def not_applicable(self, why: str) -> Verdict:
        """Return the verdict of a check whose runs showed nothing of what it is about; ``why`` is shown to the user."""
        return Verdict(check=self.name, status="not_applicable", stage=self.stage, reason=why)

    def nothing_compared(self) -> Verdict:
        """Return the verdict of a check whose runs gave nothing that could be compared, as outputs of other shapes."""
        return Verdict(check=self.name, status="not_reached", stage=self.stage)

    def not_reached(self, raised: Raised) -> Verdict:
        """Return the verdict of a check that was not reached, since the run that it is about raised."""
        return Verdict(check=self.name, status="not_reached", stage=raised.stage, raised=raised)


def forward(case: Case) -> ForwardRun:
    """Return the plain run of a case up to the output; an eager one records its layers, which costs it little."""
    return ForwardRun(batches=case.batches, mode=case.mode, record_layers=case.mode == "eager")


def training_step(case: Case) -> TrainingRun:
    """Return the run of a case up to its gradients."""
    return TrainingRun(batches=case.batches, mode=case.mode)


def has_labels(spec: Spec) -> str | None:
    """Say that a check needs labels to score an output with."""
    if spec.contract.features:
        return "the model gives features, which there are no labels for"
    return None if spec.contract.has_labels else "the model is an encoder: it has no labels"


def has_classes(spec: Spec) -> str | None:
    """Say that a check needs labels that are classes."""
    why = "labels of CTC are none for each step" if spec.contract.is_ctc else "the labels are values, and no classes"
    return has_labels(spec) or (None if spec.contract.has_classes else why)


def has_source(spec: Spec) -> str | None:
    """Say that a check needs a source."""
    return None if spec.contract.has_source else "the model has no source"


def run_forward(case: Case, spec: Spec) -> Plan:
    """Run the batches forward, and nothing beside: the plan of several checks."""
    return {"base": forward(case)}


def never(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Judge nothing: the check is about exceptions, and is broken by them alone."""
    return None
