"""Dead workers, silent checks, graph mode, types, and what is left when nothing else speaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs

from fuzzseq.checks.custom import check_of
from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.states import of_other_rows
from fuzzseq.diagnosis.rules.vote import CauseScore, in_attention, is_state, unequal_lengths
from fuzzseq.grammar import CauseSlug
from fuzzseq.protocol.evidence import (
    AttentionFault,
    Difference,
    MissingGradient,
    NonFinite,
    RaisedOtherwise,
    Retraced,
    StateCrossing,
    WrongShape,
    WrongType,
)
from fuzzseq.protocol.framework_messages import Topic


def process(e: FailureEvidence) -> Iterator[CauseScore]:
    """The worker died."""
    raised = e.verdict.raised
    if raised is not None and raised.ending != "completed":
        cause = {"hung": "process-hang", "out_of_memory": "process-memory"}.get(raised.ending, "process-crash")
        yield CauseScore(cause, 100, raised.message)


def silent(e: FailureEvidence) -> Iterator[CauseScore]:
    """A check failed and nothing raised: its own cause, and those that what it saw speaks for."""
    if e.verdict.raised is not None:
        return
    check = check_of(e.verdict.check, e.spec)
    yield CauseScore(check.cause, check.cause_weight, e.sentence)
    for rule in EVIDENCE_RULES:
        if any(rule.holds(each) for each in e.of_kind(rule.kind)):
            yield CauseScore(rule.cause, rule.weight, f"{e.sentence}{rule.more}")
    yield from wrong_shape(e)
    yield from _coupled_rows(e)
    layer, location = e.verdict.layer, e.verdict.location
    words = f"{layer.kind if layer else ''} {location.source if location else ''}".lower()
    if e.verdict.check == "padding_invariant" and ("attention" in words or "attend" in words):
        yield CauseScore("decoder-attention-mask", 90, f"{e.sentence}; an attention gives weight to padding")
    raised = any(each.precision == "mixed" for each in e.of_kind(RaisedOtherwise))
    if raised and any(word in words for word in ("state", "hidden", "carry")):
        yield CauseScore("state-dtype", 90, e.sentence)


@attrs.frozen
class EvidenceRule:
    """What one kind of evidence says of the cause by itself, and the words that are put after what was seen."""

    kind: type[Any]
    cause: CauseSlug
    weight: int
    holds: Callable[[Any], bool] = lambda _: True
    more: str = ""


EVIDENCE_RULES: Final = (
    EvidenceRule(WrongShape, "execution-graph", 99, lambda seen: seen.eager_is_right),
    EvidenceRule(WrongType, "execution-graph", 99, lambda seen: seen.eager_is_right),
    EvidenceRule(MissingGradient, "decoder-ignores-source", 95, lambda seen: seen.source_ignored),
    EvidenceRule(Retraced, "execution-retrace", 96),
    EvidenceRule(
        NonFinite,
        "numeric-nonfinite",
        92,
        lambda seen: seen.precision == "mixed",
        ": a constant such as -1e9 is infinite in half precision",
    ),
    EvidenceRule(
        AttentionFault,
        "decoder-attention-axis",
        96,
        lambda seen: seen.wrong_axis,
        "; a softmax over attention scores is taken over another axis",
    ),
    EvidenceRule(
        AttentionFault,
        "decoder-attention-mask",
        90,
        lambda seen: not seen.wrong_axis,
        "; an attention gives weight to padding",
    ),
    EvidenceRule(StateCrossing, "state-not-carried", 90, lambda seen: seen.error == "not_returned"),
)


def _coupled_rows(e: FailureEvidence) -> Iterator[CauseScore]:
    if e.verdict.check != "batch_independent":
        return
    if any(isinstance(each, Difference) and each.other == "after" for each in e.verdict.evidence):
        yield CauseScore("state-leak", 92, f"{e.sentence}: something is kept between the batches")
    elif any(each.other == "reversed" for each in e.of_kind(Difference)):  # some sizes hide that rows are moved
        yield CauseScore("decoder-reshape", 90, f"{e.sentence}: rows are moved, as by a reshape of batch and time")
    elif e.passes("ragged"):
        yield CauseScore("input-padding-leak", 91, f"{e.sentence}; it passes when all rows are of equal length")


def wrong_shape(e: FailureEvidence) -> Iterator[CauseScore]:
    """The output has not the promised rows, steps or words."""
    seen = next((each for each in e.verdict.evidence if isinstance(each, WrongShape)), None)
    if seen is None:
        return
    shapes, longer = e.shapes(), [i.result for i in e.interventions if i.factor == "target_length"]
    if len(shapes) == 2 and len(shapes[0]) == len(shapes[1]) == 3 and shapes[0][1] == shapes[1][0] > 1 == shapes[1][1]:
        # A step that is squeezed away looks the same, and is right for two steps.
        weight = 97 if "other" in longer else 80
        yield CauseScore("decoder-reshape", weight, "there are as many steps as the batch has rows")
    if "rows" in seen.axes and _of_a_constant(e, shapes):
        yield CauseScore("execution-hard-coded-batch", 94, f"a batch of one row comes out as one of {shapes[0][0]}")
        if of_other_rows(e):
            yield CauseScore(
                "state-batch", 96, f"a batch of one row is given states of {shapes[0][0]}, and takes their rows"
            )
    elif "rows" in seen.axes and not e.passes("batches"):
        yield CauseScore("decoder-reshape", 93, "the output has another number of rows than the batch")
    if "words" in seen.axes:
        yield CauseScore("loss-vocabulary", 85, "the last dimension of the output is not the target vocabulary")
    if "steps" in seen.axes and shapes and len(shapes[0]) > 1 and shapes[0][1] in e.nameless:
        yield CauseScore("input-fixed-length", 93, f"the output has {shapes[0][1]} steps, whatever it is given")
    if "steps" in seen.axes and unequal_lengths(e):
        yield CauseScore("decoder-length-assumption", 94, "it passes when source and target are of equal length")


def _of_a_constant(e: FailureEvidence, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Say whether the output of one row has many, which more rows could not become without an exception.

    What moves rows to steps, or the other way, has as many of both together as before.
    """
    told = [i.result for i in e.interventions if i.factor == "batch_size"]
    if len(shapes) != 2 or e.case.sizes(e.spec.contract)["batch_size"] != 1 or "other" not in told:
        return False
    return shapes[0][0] > 1 and math.prod(shapes[0][:2]) != math.prod(shapes[1][:2])


def graph(e: FailureEvidence) -> Iterator[CauseScore]:
    """Only a traced run fails."""
    raised = e.verdict.raised
    if raised is not None and raised.mode == "graph" and raised.ending == "completed":
        more = {
            True: "; traced for the very shapes it passes",
            False: "; traced for the very shapes it fails as well",
            None: "",
        }[raised.known_shapes_pass]
        yield CauseScore("execution-graph", 97, f"the same case passes eagerly{more}")


def types(e: FailureEvidence) -> Iterator[CauseScore]:
    """A tensor of the wrong type."""
    if e.message.of_types and e.verdict.raised is not None:
        # A loop keeps in an array what it carries from step to step.
        carried = is_state(e) or e.message.speaks_of(Topic.LOOP_ARRAY)
        cause = "loss-dtype" if e.stage in ("loss", "gradient") else "state-dtype" if carried else "input-dtype"
        # Where TensorFlow says outright which type it was given, nothing else is wrong there.
        weight = 88 if e.message.speaks_of(Topic.EXPECTED_TYPE) else 72
        yield CauseScore(cause, weight, f"the message speaks of a type: {e.message.short}")
        if e.message.of_booleans and ("mask" in e.line or in_attention(e)) and e.stage not in ("loss", "gradient"):
            yield CauseScore("decoder-attention-mask", 90, "a mask of booleans is taken for numbers")


def no_gradient(e: FailureEvidence) -> Iterator[CauseScore]:
    """An operation has no gradient at all."""
    if e.message.speaks_of(Topic.NO_GRADIENT):
        yield CauseScore("numeric-no-gradient", 90, f"an operation has no gradient: {e.message.short}")


def stage_alone(e: FailureEvidence) -> Iterator[CauseScore]:
    """Nothing else speaks."""
    if e.stage == "build" and not e.layers and not e.op:
        yield CauseScore("execution-build", 80, "the factory raises in code of its own, outside of any layer")
    elif e.stage == "build":
        yield CauseScore("execution-build", 45, "the factory raises, and no rule knows why")
    yield CauseScore("unclassified", 10, "no rule speaks for a cause")
