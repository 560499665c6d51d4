"""What goes to a worker and what comes back: requests and verdicts. Plain data, JSON both ways."""

from __future__ import annotations

from typing import Final, Literal, get_args

import attrs

from fuzzseq.cases.case import Case, Mode
from fuzzseq.grammar import CheckName, Count, Label
from fuzzseq.protocol.evidence import Evidence

Stage = Literal["build", "preprocess", "encode", "decode", "forward", "loss", "gradient", "save", "generate"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

Status = Literal["passed", "failed", "raised", "not_reached", "not_applicable", "errored"]
Ending = Literal["completed", "crashed", "hung", "out_of_memory", "exited"]
Severity = Literal["error", "warning", "note"]
#: Every severity, the worst first.
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


@attrs.frozen(kw_only=True)
class Frame:
    """One line of the user's own code on the way to a failure.

    ``file`` is where it stands, and ``cell`` the number of its cell where that is a notebook; a live kernel knows no
    file, and numbers its cells as it runs them. ``start`` and ``end`` are the columns of ``source`` between which the
    expression stands that was being evaluated, from 0, where Python tells them (3.11 and later).
    """

    file: Label
    cell: Count | None = None
    line: Count
    function: str
    source: str = ""
    start: Count | None = None
    end: Count | None = None

    @property
    def place(self) -> str:
        """Where it is, for a person: ``model.py:5``, ``model.ipynb, cell 3, line 5``, ``In [3], line 5``."""
        if self.cell is None:
            return f"{self.file}:{self.line}"
        cell = f"{self.file}, cell {self.cell}" if self.file else f"In [{self.cell}]"
        return f"{cell}, line {self.line}"


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


#: What a tensor is made of: what a model was given, and what became of it. ``scores`` is a product of two of the rest,
#: as that of queries and keys, ``attention`` a softmax, ``context`` a product with one, and ``mask`` a comparison. What
#: is ``regrouped`` was reshaped to another number of rows than the batch has.
TensorRole = Literal[
    "source",
    "target",
    "labels",
    "sample_weight",
    "weight",
    "state",
    "mask",
    "scores",
    "attention",
    "context",
    "regrouped",
]


@attrs.frozen(kw_only=True)
class Operand:
    """What an operation that raised was given: its shape, -1 for an unknown size, and all that it is made of."""

    shape: tuple[int, ...]
    roles: tuple[TensorRole, ...] = ()


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
    where the run showed that the model has nothing of what it is about, and ``errored`` where the check's own code
    failed: ``reason`` says why of these.

    Attributes:
        evidence: what the check saw that is wrong with the model; :mod:`fuzzseq.checks.wording` puts it into words.
        position: the layer, weight or output that the verdict is about, by a name that survives another run.
        layer: more of that layer.
        location: the user's line where it is called.
        severity: None for that of the check.
        raised: what was raised, also where that is why the check was not reached.

    """

    check: CheckName
    status: Status
    stage: Stage = "forward"
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    position: str = ""
    layer: LayerFrame | None = None
    location: Frame | None = None
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

    Where a trace was asked for, ``trace`` holds the layers of the last batch that ran, in the order in which they were
    called, and ``operands`` what the first operation that raised was given, or the layer that raised without one.
    """

    verdicts: tuple[Verdict, ...]
    ending: Ending = "completed"
    trace: tuple[LayerCall, ...] = ()
    operands: tuple[Operand, ...] = ()

    def failures(self) -> tuple[Verdict, ...]:
        """Return the verdicts of checks that failed, or of what raised."""
        return tuple(v for v in self.verdicts if v.status in ("failed", "raised"))
