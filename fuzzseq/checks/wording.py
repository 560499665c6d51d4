"""What a check saw, in words: the one place where evidence becomes a sentence, which nothing reads but a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fuzzseq.checks.base import Check
from fuzzseq.checks.registry import CHECKS
from fuzzseq.protocol.evidence import (
    AttentionFault,
    CustomMessage,
    Difference,
    DropoutOff,
    Evidence,
    LossMismatch,
    MissingGradient,
    NonFinite,
    OneBeamPasses,
    PaddingInLoss,
    PaddingInMetric,
    RaisedOtherwise,
    Retraced,
    ScoresMisread,
    StateCrossing,
    Unmoved,
    WrongShape,
    WrongType,
    WrongWord,
)
from fuzzseq.protocol.outcome import Verdict

_MOST_PATHS: Final = 4
_EAGER_IS_RIGHT: Final = "an eager run gives that"
_ATTENTION: Final = {
    "of_other_rows": "the attention weights of a row depend on the rows beside it",
    "over_batch": "attention weights are normalized over the batch",
    "over_one": "attention weights are normalized over an axis of size one, and are all one",
    "over_queries": "attention weights are normalized over the decoder steps, not over the source",
    "over_other": "attention weights are normalized over an axis that holds no steps",
}
_LOSSES: Final = {
    "padding": "the loss is {seen.base:.4g}, and {seen.other:.4g} for the same rows with more padding",
    "labels": "the loss is {seen.other:.4g} where the labels themselves are predicted, and {seen.base:.4g} where their "
    "mean is: each label is compared with predictions of other steps",
    "one_hot": "the loss is {seen.base:.6g} with integer labels and {seen.other:.6g} with the same labels one-hot: "
    "one of the two is accepted and means something else",
    "logits": "the scores are logits, and the loss takes them for probabilities",
    "probabilities": "the scores are probabilities, and the loss takes them for logits",
}
_TEMPLATES: Final[Mapping[type[Evidence], str]] = {
    PaddingInLoss: "the scores at padding move the loss: its gradient there is up to {seen.share:.0%} of that "
    "at real positions",
    PaddingInMetric: "the metric {seen.name} is {seen.one:.4g} or {seen.other:.4g}, depending on the scores at padding",
    DropoutOff: "{seen.layer} of rate {seen.rate:g} drops nothing in {seen.where}: it gives what it is given",
    StateCrossing: "{seen.key}",
    OneBeamPasses: "the decode loop raises for several beams, and runs with one",
    CustomMessage: "{seen.text}",
    Retraced: "{seen.function} takes a Python number, and was traced for each of "
    "{seen.count} in {seen.batches} batches",
}


_AGAINST: Final = {
    "teacher_forcing": "teacher forcing on the same words scores {best} best ({seen.best_score:.3g} against "
    "{seen.score:.3g})",
    "alone": "the row alone gives {best}",
    "padding": "the same row with more padding gives {best}",
    "uncached": "the same loop without its cache gives {best}",
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
    right, comma = ", ".join(size or "any" for size in expected), "," if len(actual) == 1 else ""
    sentence = f"the output has shape ({', '.join(actual)}{comma}) where ({right}) is expected: rows, steps, words"
    return f"{sentence}; {_EAGER_IS_RIGHT}" if eager_is_right else sentence


def _without_gradient(evidence: MissingGradient) -> str:
    paths = evidence.paths
    named = ", ".join(paths[:_MOST_PATHS]) + (
        f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    )
    if evidence.zero:
        return f"the gradient of {named} is zero, whatever the weights and the rows"
    return f"no gradient reaches {named}{'; the source does not reach the output at all' * evidence.source_ignored}"


def _sentence(evidence: Evidence, check: Check | None) -> str:
    match evidence:
        case Difference() | WrongWord():
            return _difference_sentence(evidence, check)
        case LossMismatch(given=kind) | ScoresMisread(scores=kind):
            return _LOSSES[kind].format(seen=evidence)
        case Unmoved(given=given):
            return f"another {given.replace('_', ' ')} gives the very same output, whatever the weights"
        case WrongShape(expected=expected):
            named = [None if size is None else str(size) for size in expected]
            actual = [str(size) for size in evidence.actual]
            return shape_message(named, actual, eager_is_right=evidence.eager_is_right)
        case WrongType():
            sentence = f"the output has type {evidence.actual} where floating-point scores are expected"
            return f"{sentence}; {_EAGER_IS_RIGHT}" if evidence.eager_is_right else sentence
        case NonFinite():
            return _nonfinite_sentence(evidence)
        case MissingGradient():
            return _without_gradient(evidence)
        case AttentionFault():
            sentence = (
                _ATTENTION.get(evidence.error) or f"attention gives {evidence.share:.2g} of its weight to padding"
            )
            return f"{sentence} (shape {evidence.shape}, in {evidence.path or 'the model'})"
        case RaisedOtherwise():
            execution = check.raises if check is not None else "another execution"
            return f"{execution} raises {evidence.exception}: {evidence.message}"
        case _:
            return _TEMPLATES[type(evidence)].format(seen=evidence)


def _difference_sentence(seen: Difference | WrongWord, check: Check | None) -> str:
    if isinstance(seen, WrongWord):
        word, best = ("no word" if each is None else f"word {each}" for each in (seen.word, seen.best))
        right = _AGAINST[seen.against].format(seen=seen, best=best)
        return f"the decode loop gives {word} at step {seen.step + 1} of row {seen.row + 1}, where {right}"
    largest = "inf" if seen.largest is None else f"{seen.largest:.2g}"
    template = check.differences.get(seen.other) if check is not None else None
    sentence = template or "two runs differ by {gap}"
    gap = f"{largest} (values go up to {seen.scale:.2g})"
    for mark, value in (
        ("{gap}", gap),
        ("{largest}", largest),
        ("{scale}", f"{seen.scale:.2g}"),
        ("{index}", str(seen.index)),
    ):
        sentence = sentence.replace(mark, value)
    return f"{sentence}; it begins in {seen.layer}" if seen.layer else sentence


def _nonfinite_sentence(seen: NonFinite) -> str:
    if seen.precision == "mixed":
        return f"built under mixed_float16 the {seen.where} is not finite"
    if seen.where == "output":
        return f"the output is not finite at {seen.index}" + (f", first made by {seen.layer}" if seen.layer else "")
    return f"the gradient of {seen.layer} is not finite" if seen.where == "gradient" else "the loss is not finite"
