"""What goes to a worker and what comes back: requests, runs, verdicts. Plain data, JSON both ways."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from fuzzseq.cases.case import Batch, Case, Mode
from fuzzseq.grammar import CheckName, Count, Label

Stage = Literal["build", "preprocess", "encode", "decode", "forward", "loss", "gradient", "save"]
STAGES: Final = ("build", "preprocess", "encode", "decode", "forward", "loss", "gradient", "save")

Status = Literal["passed", "failed", "raised", "not_reached", "not_applicable", "errored"]
Ending = Literal["completed", "crashed", "hung", "out_of_memory", "exited"]
Severity = Literal["error", "warning", "note"]
#: Every severity, the worst first.
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")


#: Which check an exception belongs to, by the stage that it comes from; all others belong to ``accepts``.
_OWNER: Final[dict[Stage, str]] = {"build": "builds", "loss": "trains", "gradient": "trains"}


def owner_of(stage: Stage) -> str:
    """Return the check that an exception of a stage belongs to."""
    return _OWNER.get(stage, "accepts")


#: How a model is run forward: see :class:`Run`.
Way = Literal["plain", "xla", "saved", "predicted", "ragged"]


#: What a model is built of: see :class:`Run`.
Precision = Literal["usual", "double", "mixed"]


#: What may be done to the scores of a model before its loss.
Change = Literal["lifted", "stretched", "sunk"]
CHANGES: Final[tuple[Change, ...]] = ("lifted", "stretched", "sunk")


@attrs.frozen(kw_only=True)
class Run:
    """One execution of a model that a check asks for, from a clean state of every variable.

    ``batches`` are given in turn; what the model keeps between two of them is kept (a leak shows in the last).
    ``until`` is the last stage: ``forward``, ``loss`` or ``gradient`` (with the user's own training step, where there
    is one); ``own_step`` is that step alone, and ``wiring`` a look at how a functional model is made.
    ``cuts`` are source steps at which the sequence is cut: the pieces are run in turn, with the state carried over.
    ``repetition`` tells runs apart that differ in the state of the random generators only; ``weights`` those that
    differ in the draw of the weights; ``nudged`` moves each weight to the next number of its type, each number but 0 in
    other directions.
    ``precision`` ``double`` builds the model anew with float64 for everything that Keras makes, ``mixed`` with the
    policy ``mixed_float16``.
    ``dimensions`` builds it anew with other sizes, where there are any.
    ``way`` is how the model is run forward: called (``plain``), compiled by XLA for the very shapes (``xla``), written
    to a ``.keras`` file and read again (``saved``), by ``predict`` (``predicted``), or called with its source as a
    RaggedTensor (``ragged``).
    ``watched`` keeps every softmax, and the output of every layer where the run is an eager one.
    ``score_variants`` asks for the loss of changed scores as well: ``lifted`` adds a constant to all of them,
    ``stretched`` multiplies them by one, ``sunk`` those below zero.
    ``whole`` gives the decoder of an encoder-decoder all steps at once.
    ``own_labels`` puts the labels of other batches in the place of those that the user's own training step is given.
    Equal runs of several checks are executed once.
    """

    batches: tuple[Batch, ...]
    until: Literal["wiring", "forward", "loss", "gradient", "own_step"] = "forward"
    training: bool = False
    mode: Mode = "eager"
    cuts: tuple[int, ...] = ()
    repetition: int = 0
    weights: int = 0
    nudged: int = 0
    precision: Precision = "usual"
    dimensions: tuple[tuple[str, int], ...] = ()
    way: Way = "plain"
    watched: bool = False
    score_variants: bool = False
    whole: bool = False
    own_labels: tuple[Batch, ...] = ()


@attrs.frozen(kw_only=True)
class Frame:
    """One line of the user's own code on the way to a failure.

    ``start`` and ``end`` are the columns of ``source`` between which the expression stands that was being evaluated,
    from 0, where Python tells them (3.11 and later).
    """

    file: Label
    line: Count
    function: str
    source: str = ""
    start: Count | None = None
    end: Count | None = None


@attrs.frozen(kw_only=True)
class LayerFrame:
    """One layer that was running when a model raised, outermost first.

    ``name`` is stable: the user's own name, or the class with its ordinal among its siblings. Shapes are as text would
    give them: ``inputs`` of the tensors passed in, ``states`` of an ``initial_state``, ``masks``, ``weights`` by name.
    """

    name: str
    kind: str
    inputs: tuple[tuple[int, ...], ...] = ()
    states: tuple[tuple[int, ...], ...] = ()
    masks: tuple[tuple[int, ...], ...] = ()
    weights: tuple[tuple[str, tuple[int, ...]], ...] = ()
    units: int | None = None


@attrs.frozen(kw_only=True)
class LayerCall:
    """One call of a layer in a run: its path, its class, and the shapes that went in and came out.

    -1 stands for a size that is not known while a model is built or traced. ``outputs`` is None where it raised.
    """

    path: str
    kind: str
    inputs: tuple[tuple[int, ...], ...] = ()
    outputs: tuple[tuple[int, ...], ...] | None = None


@attrs.frozen(kw_only=True)
class Raised:
    """An exception of the model, without ANSI codes and framework frames; or the death of a worker.

    ``in_graph`` is what a traced run said where the eager run of the same case raised this; ``output`` is the tail of
    what a worker that died had printed, and ``exception`` is then the name of the signal, or of the limit.
    ``known_shapes_pass`` is set for a failure of graph mode alone: whether the model can be traced for the very shapes.
    """

    stage: Stage
    exception: str
    message: str
    op: str = ""
    mode: Mode = "eager"
    layers: tuple[LayerFrame, ...] = ()
    frames: tuple[Frame, ...] = ()
    call_site: Frame | None = None
    batch: int = 0
    ending: Ending = "completed"
    output: str = ""
    in_graph: str = ""
    known_shapes_pass: bool | None = None

    @property
    def position(self) -> str:
        """The layers that were running, as a path that survives automatic names; the stage where there was none."""
        return "/".join(layer.name for layer in self.layers) or f"{self.stage}:{self.op}".rstrip(":")

    @property
    def location(self) -> Frame | None:
        """The user's own line: the last of their frames, else the one that put the failing layer or loss there."""
        return self.frames[-1] if self.frames else self.call_site


@attrs.frozen(kw_only=True)
class Verdict:
    """How one check ended on one case.

    It is ``not_reached`` where something was in its way or the case gave it nothing to look at, ``not_applicable``
    where the run showed that the model has nothing of what it is about (``message`` says why of both), and ``errored``
    where the check's own code failed: ``message`` says how.
    ``difference`` is the largest absolute difference of a comparison; ``where`` says at which position it is;
    ``position`` names the layer, weight or output that the verdict is about; ``layer`` says more of that layer, and
    ``location`` is the user's line where it is called. ``hints`` are facts that tell causes apart. ``severity`` is None
    for that of the check. ``raised`` is what was raised, also where that is why the check was not reached.
    """

    check: CheckName
    status: Status
    stage: Stage = "forward"
    message: str = ""
    difference: float | None = None
    where: str = ""
    position: str = ""
    layer: LayerFrame | None = None
    location: Frame | None = None
    hints: tuple[str, ...] = ()
    severity: Severity | None = None
    raised: Raised | None = None

    @property
    def judged(self) -> bool:
        """Whether the check looked at something and came to an answer."""
        return self.status in ("passed", "failed", "raised")


@attrs.frozen(kw_only=True)
class Request:
    """What is asked of a worker: one case, and the checks to judge it by.

    ``invalid`` names what is made wrong in the case, in place of all checks. ``trace`` asks for the layers that ran.
    """

    case: Case
    checks: tuple[CheckName, ...]
    invalid: str = ""
    trace: bool = False


@attrs.frozen(kw_only=True)
class Outcome:
    """What one request gave: a verdict for each check. A worker that died is an outcome as well.

    ``trace`` holds the layers of the last batch that ran, in the order in which they were called, where it was asked
    for.
    """

    verdicts: tuple[Verdict, ...]
    ending: Ending = "completed"
    trace: tuple[LayerCall, ...] = ()

    def failures(self) -> tuple[Verdict, ...]:
        """Return the verdicts of broken promises."""
        return tuple(v for v in self.verdicts if v.status in ("failed", "raised"))
