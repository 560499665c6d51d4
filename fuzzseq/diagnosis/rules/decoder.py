"""Encoder output, attention, heads, widths and time steps."""

from __future__ import annotations

from collections.abc import Iterator

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.vote import CauseScore, in_attention, unequal_lengths
from fuzzseq.protocol.framework_messages import Topic


def source_and_target(e: FailureEvidence) -> Iterator[CauseScore]:
    """Source and target are taken to be of equal length."""
    if e.matters("max_source_length") and e.matters("max_target_length"):
        yield CauseScore("decoder-length-assumption", 93, "it depends on both max_source_length and max_target_length")
    if not unequal_lengths(e) or e.stage in ("loss", "gradient"):
        return
    why = "it passes whenever source and target are of equal length"
    masked = e.innermost is not None and (bool(e.innermost.masks) or e.innermost.kind in ("Softmax", "MaskedSoftmax"))
    if masked or "mask" in e.line:
        yield CauseScore("decoder-attention-mask", 92, f"{why}, and a mask is applied where it fails")
    elif e.op in ("BatchMatMul", "MatMul", "Einsum") or in_attention(e):
        yield CauseScore("decoder-attention-shape", 88, f"{why}, and it fails inside an attention ({e.op or 'shapes'})")
    yield CauseScore("decoder-length-assumption", 86, why)


def size_one(e: FailureEvidence) -> Iterator[CauseScore]:
    """Only a size of one fails."""
    for name in ("batch_size", "source_length", "target_length"):
        found = e.any_failure(name)
        if name != "batch_size" and unequal_lengths(e):
            continue  # One step on both sides is let pass: it is not the one.
        if found.kind in ("only", "below") and (found.constant == 1 if found.kind == "only" else found.constant == 2):
            yield CauseScore("decoder-squeeze", 91, f"it fails whenever {name} == 1")


def heads(e: FailureEvidence) -> Iterator[CauseScore]:
    """A width is no multiple of the number of heads."""
    count = e.case.dimensions.get("num_heads")
    if count is None or count < 2:
        return
    if e.passes("num_heads", 1) or any(e.pattern(n).kind == "multiple" for n in e.spec.contract.build_dimensions()):
        widths = [n for n, size in e.case.dimensions.items() if n != "num_heads" and e.matters(n) and size % count]
        if widths:
            yield CauseScore("decoder-heads", 96, f"it passes with one head: {widths[0]} % num_heads != 0")


def widths(e: FailureEvidence) -> Iterator[CauseScore]:
    """Two widths do not fit."""
    if e.stage in ("loss", "gradient", "preprocess") or e.verdict.raised is None:
        return
    named = e.case.dimensions
    if e.matters("embedding_dim"):
        inside = "units" in named and e.passes("embedding_dim", named["units"])
        yield CauseScore(
            "input-embedding-dim", 84 if inside or not e.matters("units") else 70, "it depends on embedding_dim"
        )
    others = [n for n in named if n.endswith("units") and e.matters(n)]
    if others and not e.matters("embedding_dim"):
        yield CauseScore("decoder-width", 74, f"it depends on {' and '.join(others)}")
    if in_attention(e):
        strong = e.op in ("BatchMatMul", "Einsum", "MatMul")
        if strong or e.message.speaks_of(Topic.SHAPES):
            yield CauseScore("decoder-attention-shape", 88 if strong else 60, "it fails inside an attention")
        if len({len(shape) for shape in e.shapes()}) > 1:
            yield CauseScore(
                "decoder-attention-shape", 84, "inside an attention, tensors of different ranks are combined"
            )
    if e.op == "Reshape" or e.message.speaks_of(Topic.RESHAPE, Topic.ELEMENTS):
        yield CauseScore("decoder-reshape", 78, "a reshape does not fit")
    if e.message.speaks_of(Topic.WIDTHS) and (e.op or len(e.shapes()) > 1 or e.message.speaks_of(Topic.EXPECTED_AXIS)):
        yield CauseScore("decoder-width", 50, "the widths of two tensors do not fit")


def masks(e: FailureEvidence) -> Iterator[CauseScore]:
    """A mask does not fit what it masks."""
    if e.stage in ("loss", "gradient"):
        return
    if e.innermost is not None and e.innermost.masks and in_attention(e):
        # Scores that depend on a length, and so fail with it, are what a mask of another length is applied to.
        by_length = any(e.matters(name) for name in ("source_length", "target_length"))
        yield CauseScore(
            "decoder-attention-mask", 91 if by_length else 70, "an attention was given a mask where it fails"
        )
