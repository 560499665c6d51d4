"""Dead workers, silent checks, graph mode, types, and what is left when nothing else speaks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from fuzzseq.checks.attention import WEIGHT_ON_PADDING, WRONG_AXIS
from fuzzseq.checks.batch_independent import ROWS_MIXED
from fuzzseq.checks.graph_agrees import RETRACED
from fuzzseq.checks.output_shape import ONLY_TRACED
from fuzzseq.checks.stepwise import STATE_DROPPED
from fuzzseq.diagnosis.evidence import Evidence
from fuzzseq.diagnosis.rules.states import of_other_rows
from fuzzseq.diagnosis.rules.vote import CauseScore, in_attention, is_state, unequal_lengths


def process(e: Evidence) -> Iterator[CauseScore]:
    """The worker died."""
    raised = e.verdict.raised
    if raised is not None and raised.ending != "completed":
        cause = {"hung": "process-hang", "out_of_memory": "process-memory"}.get(raised.ending, "process-crash")
        yield CauseScore(cause, 100, raised.message)


def silent(e: Evidence) -> Iterator[CauseScore]:
    """A check was broken and nothing raised."""
    check = e.verdict.check
    if e.verdict.raised is not None:
        return
    if check == "deterministic":
        yield CauseScore("execution-nondeterministic", 95, e.verdict.message)
    elif check == "finite":
        yield CauseScore("numeric-nonfinite", 95, e.verdict.message)
    elif check == "loss_encoding":
        yield CauseScore("loss-encoding", 90, e.verdict.message)
    elif check == "trains":
        if "the source does not reach" in e.verdict.message:
            yield CauseScore("decoder-ignores-source", 95, e.verdict.message)
        yield CauseScore("numeric-no-gradient", 80, e.verdict.message)
    elif check == "output_shape":
        yield from wrong_shape(e)
    else:
        yield from _metamorphic(e)


#: The cause that a broken promise names by itself.
OF_CHECK: Final = {
    "padding_invariant": "input-padding-leak",
    "batch_independent": "numeric-batch-coupling",
    "causal": "decoder-sees-future",
    "uses_source": "decoder-ignores-source",
    "state_used": "state-unused",
    "state_wiring": "state-miswired",
    "state_chunked": "state-not-carried",
    "stepwise": "decoder-step-mismatch",
    "attention_normalized": "decoder-attention-axis",
    "labels_hidden": "loss-target-leak",
    "loss_ignores_padding": "loss-padding",
    "loss_per_token": "loss-normalization",
    "loss_logits": "loss-logits",
    "graph_agrees": "execution-graph",
    "xla_agrees": "execution-xla",
    "predict_agrees": "execution-graph",
    "ragged_agrees": "input-padding-leak",
    "mixed_precision": "execution-mixed-precision",
    "saves": "execution-save",
}


def _metamorphic(e: Evidence) -> Iterator[CauseScore]:
    """Two runs disagree that ought to agree, or agree that ought not to."""
    verdict, said = e.verdict, e.verdict.message
    words = (
        f"{verdict.layer.kind if verdict.layer else ''} {verdict.location.source if verdict.location else ''}".lower()
    )
    yield CauseScore(
        OF_CHECK.get(
            verdict.check, "execution-custom-check" if verdict.check in e.spec.custom_checks else "unclassified"
        ),
        80,
        said,
    )
    if RETRACED in e.hints:
        yield CauseScore("execution-retrace", 96, said)
    if verdict.check == "mixed_precision":
        yield from _in_half(e, words)
    if WRONG_AXIS in e.hints:
        yield CauseScore(
            "decoder-attention-axis", 96, f"{said}; a softmax over attention scores is taken over another axis"
        )
    if WEIGHT_ON_PADDING in e.hints or (
        verdict.check == "padding_invariant" and ("attention" in words or "attend" in words)
    ):
        yield CauseScore("decoder-attention-mask", 90, f"{said}; an attention gives weight to padding")
    if STATE_DROPPED in e.hints:
        yield CauseScore("state-not-carried", 90, said)
    if verdict.check == "batch_independent":
        if "rows after" in verdict.hints:
            yield CauseScore("state-leak", 92, f"{said}: something is kept between the batches")
        elif ROWS_MIXED in (*e.hints, *verdict.hints):  # some sizes hide that rows are moved
            yield CauseScore("decoder-reshape", 90, f"{said}: rows are moved, as by a reshape of batch and time")
        elif e.passes("ragged"):
            yield CauseScore("input-padding-leak", 91, f"{said}; it passes when all rows are of equal length")


def _in_half(e: Evidence, words: str) -> Iterator[CauseScore]:
    """What fails in half precision alone: a number too large for it, or a state of another float type."""
    if "raises" not in e.verdict.hints:
        yield CauseScore(
            "numeric-nonfinite", 92, f"{e.verdict.message}: a constant such as -1e9 is infinite in half precision"
        )
    elif any(word in words for word in ("state", "hidden", "carry")):
        yield CauseScore("state-dtype", 90, e.verdict.message)


def wrong_shape(e: Evidence) -> Iterator[CauseScore]:
    """The output has not the promised rows, steps or words."""
    if ONLY_TRACED in e.verdict.hints:
        yield CauseScore("execution-graph", 99, e.verdict.message)
    yield CauseScore("execution-output", 60, e.verdict.message)
    shapes, longer = e.shapes(), [i.result for i in e.interventions if i.factor == "target_length"]
    if len(shapes) == 2 and len(shapes[0]) == len(shapes[1]) == 3 and shapes[0][1] == shapes[1][0] > 1 == shapes[1][1]:
        # A step that is squeezed away looks the same, and is right for two steps.
        weight = 97 if "other" in longer else 80
        yield CauseScore("decoder-reshape", weight, "there are as many steps as the batch has rows")
    if "rows" in e.verdict.where and _of_a_constant(e, shapes):
        yield CauseScore("execution-hard-coded-batch", 94, f"a batch of one row comes out as one of {shapes[0][0]}")
        if of_other_rows(e):
            yield CauseScore(
                "state-batch", 96, f"a batch of one row is given states of {shapes[0][0]}, and takes their rows"
            )
    elif "rows" in e.verdict.where and not e.passes("batches"):
        yield CauseScore("decoder-reshape", 93, "the output has another number of rows than the batch")
    if "words" in e.verdict.where:
        yield CauseScore("loss-vocabulary", 85, "the last dimension of the output is not the target vocabulary")
    if "steps" in e.verdict.where and shapes and len(shapes[0]) > 1 and shapes[0][1] in e.nameless:
        yield CauseScore("input-fixed-length", 93, f"the output has {shapes[0][1]} steps, whatever it is given")
    if "steps" in e.verdict.where and unequal_lengths(e):
        yield CauseScore("decoder-length-assumption", 94, "it passes when source and target are of equal length")


def _of_a_constant(e: Evidence, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Say whether the output of one row has many, which more rows could not become without an exception.

    What moves rows to steps, or the other way, has as many of both together as before.
    """
    told = [i.result for i in e.interventions if i.factor == "batch_size"]
    if len(shapes) != 2 or e.case.sizes(e.spec)["batch_size"] != 1 or "other" not in told:
        return False
    return shapes[0][0] > 1 and math.prod(shapes[0][:2]) != math.prod(shapes[1][:2])


def graph(e: Evidence) -> Iterator[CauseScore]:
    """Only a traced run fails."""
    raised = e.verdict.raised
    if raised is not None and raised.mode == "graph" and raised.ending == "completed":
        more = {
            True: "; traced for the very shapes it passes",
            False: "; traced for the very shapes it fails as well",
            None: "",
        }[raised.known_shapes_pass]
        yield CauseScore("execution-graph", 97, f"the same case passes eagerly{more}")


#: The type in how TensorFlow writes a tensor or its spec, which says nothing of what is wrong.
_REPRESENTED: Final = re.compile(r"dtype=[\w.<>': ]+")

#: What a message says that is about a type.
_OF_TYPES: Final = (
    "dtype",
    "expected to be a float tensor",
    "expected to be a int",
    "data type",
    "is not in the list of allowed values",
)


def types(e: Evidence) -> Iterator[CauseScore]:
    """A tensor of the wrong type."""
    message = _REPRESENTED.sub("", e.message).replace("has no attribute 'dtype'", "")
    said = any(w in message for w in _OF_TYPES)
    if said and e.verdict.raised is not None:
        # A loop keeps in an array what it carries from step to step.
        carried = is_state(e) or "tensorarray" in message
        cause = "loss-dtype" if e.stage in ("loss", "gradient") else "state-dtype" if carried else "input-dtype"
        # Where TensorFlow says outright which type it was given, nothing else is wrong there.
        weight = 88 if "was expected to be a" in message else 72
        yield CauseScore(cause, weight, f"the message speaks of a type: {e.message[:80]}")
        if "bool" in message and ("mask" in e.line or in_attention(e)) and e.stage not in ("loss", "gradient"):
            yield CauseScore("decoder-attention-mask", 90, "a mask of booleans is taken for numbers")


def no_gradient(e: Evidence) -> Iterator[CauseScore]:
    """An operation has no gradient at all."""
    if "gradient registry has no entry" in e.message or "no gradient defined for operation" in e.message:
        yield CauseScore("numeric-no-gradient", 90, f"an operation has no gradient: {e.message[:80]}")


def stage_alone(e: Evidence) -> Iterator[CauseScore]:
    """Nothing else speaks."""
    if e.stage == "build" and not e.layers and not e.op:
        yield CauseScore("execution-build", 80, "the factory raises in code of its own, outside of any layer")
    elif e.stage == "build":
        yield CauseScore("execution-build", 45, "the factory raises, and no rule knows why")
    yield CauseScore("unclassified", 10, "no rule speaks for a cause")
