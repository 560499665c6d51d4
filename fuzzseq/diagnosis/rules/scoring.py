"""Targets, labels and the loss."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Final, Literal

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.rule import (
    LENGTHS,
    Rule,
    depends_on_lengths,
    only_where,
    passes,
    speaks_of,
    unequal_lengths,
)
from fuzzseq.protocol.framework_messages import Topic
from fuzzseq.targets.contract import SIDES

_Mismatch = Literal["classes", "steps", "rank", "last dimension"]


def _mismatches(kind: _Mismatch, e: FailureEvidence) -> list[str]:
    """Return which two shapes that the message names differ in one way."""
    found = list[tuple[_Mismatch, str]]()
    shapes = [shape for shape in e.shapes() if shape]
    lengths = {e.clearest_sizes.get(name) for name in LENGTHS}
    vocabularies = {e.clearest_sizes.get(str(e.spec.contract.vocabulary(side))) for side in SIDES}
    for one, two in pairwise(shapes):
        short, long = sorted((one, two), key=len)
        differ = [axis for axis, (x, y) in enumerate(zip(short, long, strict=False)) if x != y]
        of_words = lengths.isdisjoint((one[-1], two[-1])) and not vocabularies.isdisjoint((one[-1], two[-1]))
        both = f"shapes {one} and {two} differ in"
        if len(one) == len(two) and differ == [len(one) - 1] and of_words:
            found.append(("classes", f"{both} their classes"))
        elif 1 in differ[:1] and len(long) - len(short) < 2:
            found.append(("steps", f"{both} their steps"))
        elif len(long) != len(short):
            found.append(("rank", f"{both} rank"))
        elif differ == [2]:
            found.append(("last dimension", f"{both} their last dimension"))
    return [why for way, why in found if way == kind]


def _weighted(e: FailureEvidence) -> bool:
    """Say whether the user's loss applies a mask or weights where it fails."""
    return bool(e.given_alone("mask", "sample_weight"))


def _unsqueezed(e: FailureEvidence) -> bool:
    """Say whether values of (batch, steps) are subtracted from those of (batch, steps, 1), or the other way round."""
    pairs = (sorted(pair, key=len) for pair in pairwise(e.shapes()))
    return e.op in ("Sub", "SquaredDifference") and any((*short, 1) == tuple(long) for short, long in pairs)


def _misfitting_weights(e: FailureEvidence) -> list[str]:
    """Return the shapes of labels and of what they weigh, where these are others; one for each row may be meant."""
    lines = e.trace.lines if e.trace and e.spec.contract.sample_weight and not e.spec.contract.is_ctc else ()
    for labels, _, weights in (line.inputs for line in lines if line.path == "loss" and len(line.inputs) == 3):
        if weights != labels[:2] and (len(weights) != 1 or any(len(shape) == 1 for shape in e.shapes())):
            return [f"the weights are of shape [{', '.join(weights)}], and the labels of [{', '.join(labels)}]"]
    return []


_WEIGHT: Final = "it fails where one value for each step is multiplied by another: a weight"
#: The loss does not fit what it compares.
LOSS: Final = only_where(
    lambda e: e.scoring and e.verdict.raised is not None,
    Rule("loss-encoding", 94, passes("target_encoding"), "it passes with the other target encoding"),
    *only_where(
        lambda e: e.spec.contract.float_labels,
        Rule("loss-mask-shape", 86, lambda e: e.op == "Squeeze", "a mask of steps meets one loss for each row"),
        Rule("loss-broadcast", 90, _unsqueezed, "labels and predictions differ in an axis of one where they meet"),
    ),
    Rule("loss-vocabulary", 84, partial(_mismatches, "classes")),
    Rule("loss-timesteps", 82, partial(_mismatches, "steps")),
    Rule("loss-encoding", 60, partial(_mismatches, "rank")),
    Rule("loss-vocabulary", 82, partial(_mismatches, "last dimension")),
    Rule("loss-mask-shape", 96, _misfitting_weights),
    Rule("loss-mask-shape", 83, lambda e: e.op == "Mul" and 0 < max(map(len, e.shapes()), default=0) < 3, _WEIGHT),
    Rule("loss-mask-shape", 84, _weighted, "it fails where the user's loss applies a mask or weights"),
    Rule("loss-timesteps", 80, depends_on_lengths, "it depends on the lengths"),
    Rule("loss-timesteps", 80, unequal_lengths, "it depends on the lengths"),
    Rule("loss-encoding", 66, speaks_of(Topic.RANK), "the ranks differ: {e.message.short}"),
    Rule("loss-timesteps", 52, speaks_of(Topic.SHAPE), "prediction and target are of different shapes"),
)
