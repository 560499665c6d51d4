"""Targets, labels and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.vote import CauseScore, functions, unequal_lengths
from fuzzseq.protocol.framework_messages import Topic
from fuzzseq.targets.contract import SIDES


def loss(e: FailureEvidence) -> Iterator[CauseScore]:
    """The loss does not fit what it compares."""
    if e.stage not in ("loss", "gradient") or e.verdict.raised is None:
        return
    # A loss is often named after its mask: where the scores themselves are compared, that says nothing of what fails.
    comparing = any(word in e.line.lower() for word in ("entropy", "loss(", "loss_fn("))
    line = (e.line if comparing else f"{e.line} {' '.join(functions(e))}").lower()
    if e.passes("target_encoding"):
        yield CauseScore("loss-encoding", 94, "it passes with the other target encoding")
    yield from _shapes(e)
    if e.op == "Mul" and 0 < max(map(len, e.shapes()), default=0) < 3:
        yield CauseScore(
            "loss-mask-shape", 83, "it fails where one value for each step is multiplied by another: a weight"
        )
    if any(word in line for word in ("mask", "weight")):
        yield CauseScore("loss-mask-shape", 84, "it fails where the user's loss applies a mask or weights")
    if any(e.matters(name) for name in ("source_length", "target_length")) or unequal_lengths(e):
        yield CauseScore("loss-timesteps", 80, "it depends on the lengths")
    if e.message.speaks_of(Topic.RANK):
        yield CauseScore("loss-encoding", 66, f"the ranks differ: {e.message.short}")
    if e.message.speaks_of(Topic.SHAPE):
        yield CauseScore("loss-timesteps", 52, "prediction and target are of different shapes")


def _shapes(e: FailureEvidence) -> Iterator[CauseScore]:
    """Two shapes that the message names differ in their rank, their steps or their last dimension."""
    shapes = [shape for shape in e.shapes() if shape]
    lengths = {e.told_sizes.get(name) for name in ("source_length", "target_length")}
    vocabularies = {e.told_sizes.get(str(e.spec.contract.vocabulary(side))) for side in SIDES}
    for one, two in pairwise(shapes):
        short, long = sorted((one, two), key=len)
        differ = [axis for axis, (x, y) in enumerate(zip(short, long, strict=False)) if x != y]
        of_words = lengths.isdisjoint((one[-1], two[-1])) and not vocabularies.isdisjoint((one[-1], two[-1]))
        if len(one) == len(two) and differ == [len(one) - 1] and of_words:
            yield CauseScore("loss-vocabulary", 84, f"shapes {one} and {two} differ in their classes")
        elif 1 in differ[:1] and len(long) - len(short) < 2:
            yield CauseScore("loss-timesteps", 82, f"shapes {one} and {two} differ in their steps")
        elif len(long) != len(short):
            yield CauseScore("loss-encoding", 60, f"shapes {one} and {two} differ in rank")
        elif differ == [2]:
            yield CauseScore("loss-vocabulary", 82, f"shapes {one} and {two} differ in their last dimension")
