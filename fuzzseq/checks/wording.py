"""What a check saw, in words: the one place where evidence becomes a sentence, which nothing reads but a person."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Final

from fuzzseq.checks.base import Check
from fuzzseq.checks.registry import CHECKS
from fuzzseq.protocol.evidence import (
    AttentionFault,
    CustomMessage,
    Difference,
    Evidence,
    LossMismatch,
    MissingGradient,
    NonFinite,
    PaddingInLoss,
    RaisedOtherwise,
    Retraced,
    ScoresMisread,
    StateCrossing,
    Unmoved,
    WrongShape,
    WrongType,
)
from fuzzseq.protocol.outcome import Verdict

_MOST_PATHS: Final = 4
_ATTENTION: Final = {
    "over_batch": "attention weights are normalized over the batch",
    "over_one": "attention weights are normalized over an axis of size one, and are all one",
    "over_queries": "attention weights are normalized over the decoder steps, not over the source",
    "over_other": "attention weights are normalized over an axis that holds no steps",
}


def message_of(verdict: Verdict) -> str:
    """Return what a verdict says: what was raised, what was seen, or why there was nothing to see."""
    if verdict.status == "raised" and verdict.raised is not None:
        return verdict.raised.message
    return evidence_message(verdict.check, verdict.evidence) or verdict.reason


def evidence_message(check: str, evidence: Sequence[Evidence]) -> str:
    """Return the evidence of a check as a sentence; which softmax is at fault beside it is for the cause to say."""
    known = next((each for each in CHECKS if each.name == check), None)
    shown = [each for each in evidence if each is evidence[0] or not isinstance(each, AttentionFault)]
    return "; ".join(_sentence(each, known) for each in shown)


def shape_message(expected: Sequence[str | None], actual: Sequence[str], *, eager_is_right: bool) -> str:
    """Return what is wrong with a shape, whose sizes are numbers or the names of dimensions."""
    promised, comma = ", ".join(size or "any" for size in expected), "," if len(actual) == 1 else ""
    sentence = f"the output has shape ({', '.join(actual)}{comma}) where ({promised}) is expected: rows, steps, words"
    return sentence + _eagerly(eager_is_right)


@singledispatch
def _sentence(evidence: Evidence, check: Check | None) -> str:
    raise TypeError(f"{evidence!r} has no words")


@_sentence.register
def _(seen: Difference, check: Check | None) -> str:
    largest = "inf" if seen.largest is None else f"{seen.largest:.2g}"
    template = check.differences.get(seen.other) if check is not None else None
    sentence = template or "two runs differ by {gap}"
    gap = f"{largest} (values go up to {seen.scale:.2g})"
    for mark, value in (("{gap}", gap), ("{largest}", largest), ("{index}", str(seen.index))):
        sentence = sentence.replace(mark, value)
    return f"{sentence}; it begins in {seen.layer}" if seen.layer else sentence


@_sentence.register
def _(seen: Unmoved, check: Check | None) -> str:
    given = {"source": "source", "initial_state": "initial state"}[seen.given]
    return f"another {given} gives the very same output, whatever the weights"


@_sentence.register
def _(seen: WrongShape, check: Check | None) -> str:
    expected = [None if size is None else str(size) for size in seen.expected]
    return shape_message(expected, [str(size) for size in seen.actual], eager_is_right=seen.eager_is_right)


@_sentence.register
def _(seen: WrongType, check: Check | None) -> str:
    sentence = f"the output has type {seen.actual} where floating-point scores are expected"
    return sentence + _eagerly(seen.eager_is_right)


def _eagerly(is_right: bool) -> str:
    return "; an eager run gives that" if is_right else ""


@_sentence.register
def _(seen: NonFinite, check: Check | None) -> str:
    if seen.precision == "mixed":
        return f"built under mixed_float16 the {seen.where} is not finite"
    if seen.where == "output":
        return f"the output is not finite at {seen.index}" + (f", first made by {seen.layer}" if seen.layer else "")
    return f"the gradient of {seen.layer} is not finite" if seen.where == "gradient" else "the loss is not finite"


@_sentence.register
def _(seen: MissingGradient, check: Check | None) -> str:
    more = len(seen.paths) - _MOST_PATHS
    listed = ", ".join(seen.paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
    why = "; the source does not reach the output at all" if seen.source_ignored else ""
    return f"no gradient reaches {listed}{why}"


@_sentence.register
def _(seen: AttentionFault, check: Check | None) -> str:
    sentence = _ATTENTION.get(seen.error) or f"attention gives {seen.share:.2g} of its weight to padding"
    return f"{sentence} (shape {seen.shape}, in {seen.path or 'the model'})"


@_sentence.register
def _(seen: StateCrossing, check: Check | None) -> str:
    return seen.key


@_sentence.register
def _(seen: LossMismatch, check: Check | None) -> str:
    if seen.given == "padding":
        return f"the loss is {seen.base:.4g}, and {seen.other:.4g} for the same rows with more padding"
    return (
        f"the loss is {seen.base:.6g} with integer labels and {seen.other:.6g} with the same labels one-hot: "
        "one of the two is accepted and means something else"
    )


@_sentence.register
def _(seen: PaddingInLoss, check: Check | None) -> str:
    return (
        f"the scores at padding move the loss: its gradient there is up to {seen.share:.0%} of that at real positions"
    )


@_sentence.register
def _(seen: ScoresMisread, check: Check | None) -> str:
    other = "logits" if seen.scores == "probabilities" else "probabilities"
    return f"the scores are {seen.scores}, and the loss takes them for {other}"


@_sentence.register
def _(seen: RaisedOtherwise, check: Check | None) -> str:
    return f"{check.raises if check is not None else 'another execution'} raises {seen.exception}: {seen.message}"


@_sentence.register
def _(seen: Retraced, check: Check | None) -> str:
    return f"{seen.function} takes a Python number, and was traced for each of {seen.count} in {seen.batches} batches"


@_sentence.register
def _(seen: CustomMessage, check: Check | None) -> str:
    return seen.text
