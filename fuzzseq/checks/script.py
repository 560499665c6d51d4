"""How a script shows that a check fails, said by the check itself; ``reproduce`` writes everything around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs
import numpy.typing as npt

from fuzzseq.cases.case import Case
from fuzzseq.protocol.evidence import Evidence
from fuzzseq.protocol.outcome import Stage
from fuzzseq.targets.spec import Spec

Array = npt.NDArray[Any]


def stage_line(name: str) -> str:
    """Return the line that announces a stage."""
    return f'print("stage: {name}", flush=True)'


@attrs.frozen(kw_only=True)
class ScriptRun:
    """What a script has to assert something of: the finding, and lines that end where an assertion follows.

    ``output`` is the expression of the scores of a forward run; ``forward`` are the lines that run a batch up to its
    ``scores``; ``run`` those that go as far as the check looks, up to ``loss``, ``weights`` and ``gradients`` as well;
    ``loss(labels)`` yields those that compute the ``loss`` of ``scores``, for an expression of labels. ``inputs`` are
    those that put the variables of a batch into what the model is called with; ``decoding(beams, cache)`` is the
    expression of what the decode loop gives. ``own_step`` are the lines of a training step of the model's own, none
    where it has none, and ``label_weights`` is the expression of what each label weighs.
    """

    case: Case
    spec: Spec
    stage: Stage
    evidence: tuple[Evidence, ...]
    output: str
    forward: tuple[str, ...]
    run: tuple[str, ...]
    loss: Callable[[str], Iterable[str]]
    inputs: tuple[str, ...]
    decoding: Callable[[int | None, bool | None], str]
    own_step: tuple[str, ...] = ()
    label_weights: str = "None"


@attrs.frozen(kw_only=True)
class Script:
    """How a script shows that a check fails.

    Attributes:
        lines: yields the lines from the inputs of a batch to an assertion. Without it, a run of ``pairs`` or of the
            check's ``execution`` is shown beside the first one, else the message alone.
        variables: ``variables(case, spec, batch)`` names more of what differs from batch to batch, or other labels.
        pairs: the runs of the plan that it can show beside the first one, each with an index that takes the rows which
            it has in common with that, in its order.
        pair_comment: what stands above such a run.
        pair_assertion: what is asserted of both (``first``, ``second``) where they need not agree.
        positions: which of the real positions (batch, steps) of both are compared, where not all are.
        prepare: a line before the model is built, with which that may raise by itself.
        training: whether the model is run as in training: up to its gradients always, or where the check failed there.
        eager: whether it is run eagerly whatever the case says.
        weights: whether the values of its weights matter.

    """

    lines: Callable[[ScriptRun], Iterator[str]] | None = None
    variables: Callable[[Case, Spec, int], Mapping[str, object]] | None = None
    pairs: Mapping[str, str] = attrs.field(factory=dict)
    pair_comment: str = ""
    pair_assertion: str = ""
    positions: Callable[[Array], Array] | None = None
    prepare: str = ""
    training: Literal["never", "to_stage", "always"] = "never"
    eager: bool = False
    weights: bool = True
