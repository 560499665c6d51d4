"""Encoder output, attention, heads, widths and time steps."""

from __future__ import annotations

from typing import Final

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.patterns import Pattern
from fuzzseq.diagnosis.rules.rule import (
    LENGTHS,
    PRODUCTS,
    Rule,
    always,
    depends_on_lengths,
    given_masks,
    in_attention,
    is_mask,
    only_where,
    speaks_of,
    unequal_lengths,
)
from fuzzseq.protocol.evidence import OneBeamPasses
from fuzzseq.protocol.framework_messages import Topic


def _only_one(e: FailureEvidence) -> list[str]:
    # One step on both sides is let pass: it is not the one.
    names = ("batch_size", *(() if unequal_lengths(e) else LENGTHS))
    return [e.written[name] for name in names if e.any_failure(name) in (Pattern("only", 1), Pattern("below", 2))]


_LONGEST: Final = "it depends on both {e.written[max_source_length]} and {e.written[max_target_length]}"
_INSIDE: Final = ", and it fails inside an attention ({0})"
_EQUAL: Final = "it passes whenever source and target are of equal length"
#: Source and target are taken to be of equal length; only a size of one fails.
LENGTHS_AND_SIZES: Final = (
    *only_where(
        lambda e: e.matters("max_source_length"),
        Rule("decoder-length-assumption", 93, lambda e: e.matters("max_target_length"), _LONGEST),
    ),
    *only_where(
        lambda e: not e.scoring and unequal_lengths(e),
        Rule("decoder-attention-mask", 92, is_mask, _EQUAL + ", and a mask is applied where it fails"),
        *only_where(
            lambda e: not is_mask(e) and (e.op in PRODUCTS or in_attention(e)),
            Rule("decoder-attention-shape", 88, lambda e: [e.op or "shapes"], _EQUAL + _INSIDE),
        ),
        Rule("decoder-length-assumption", 86, always, _EQUAL),
    ),
    Rule("decoder-squeeze", 91, _only_one, "it fails whenever {0} == 1"),
)


def _indivisible(e: FailureEvidence) -> list[str]:
    count = e.case.dimensions.get("num_heads", 0)
    if count < 2 or not (
        e.passes("num_heads", 1) or any(e.pattern(n).kind == "multiple" for n in e.spec.contract.build_dimensions())
    ):
        return []
    others = (n for n, size in e.case.dimensions.items() if n != "num_heads" and size % count)
    return [e.written[n] for n in others if e.matters(n)][:1]


def _divided(e: FailureEvidence) -> list[str]:
    """Return the width which this failure is gone for wherever the heads divide it, and there wherever they do not.

    It may fail in another way there, which says nothing of this one.
    """
    sizes, found = {"num_heads": 1, **e.case.dimensions}, list[str]()
    for name in e.case.dimensions:
        tried = [
            ({**sizes, i.factor: i.value}, i.result)
            for i in e.interventions
            if i.factor in (name, "num_heads") and i.value
        ]
        answers = {(changed[name] % changed["num_heads"] == 0, result != "same") for changed, result in tried}
        found += [e.written[name]] * (
            sizes[name] % sizes["num_heads"] > 0 and answers == {(True, True), (False, False)}
        )
    return found[:1]


_NO_MULTIPLE: Final = "it is gone wherever {0} is a multiple of {e.written[num_heads]}, and there wherever it is not"
#: A width is no multiple of the number of heads.
HEADS: Final = (
    Rule("decoder-heads", 96, _indivisible, "it passes with one head: {0} % {e.written[num_heads]} != 0"),
    *only_where(lambda e: not _indivisible(e), Rule("decoder-heads", 94, _divided, _NO_MULTIPLE)),
)


def _embedding_alone(e: FailureEvidence) -> bool:
    equal = "units" in e.case.dimensions and e.passes("embedding_dim", e.case.dimensions["units"])
    return e.matters("embedding_dim") and (equal or not e.matters("units"))


def _other_widths(e: FailureEvidence) -> list[str]:
    others = [e.written[name] for name in e.case.dimensions if name.endswith("units") and e.matters(name)]
    return [" and ".join(others)] if others and not e.matters("embedding_dim") else []


def _of_several_shapes(e: FailureEvidence) -> bool:
    return bool(e.op) or len(e.shapes()) > 1 or e.message.speaks_of(Topic.EXPECTED_AXIS)


_EMBEDDING: Final = "it depends on {e.written[embedding_dim]}"
_RANKS: Final = "inside an attention, tensors of different ranks are combined"
#: Two widths do not fit.
WIDTHS: Final = only_where(
    lambda e: e.stage not in ("loss", "gradient", "preprocess", "generate") and e.verdict.raised is not None,
    Rule("input-embedding-dim", 84, _embedding_alone, _EMBEDDING),
    Rule("input-embedding-dim", 70, lambda e: e.matters("embedding_dim"), _EMBEDDING),
    Rule("decoder-width", 74, _other_widths, "it depends on {0}"),
    *only_where(
        in_attention,
        Rule("decoder-attention-shape", 88, lambda e: e.op in PRODUCTS, "it fails inside an attention"),
        Rule("decoder-attention-shape", 60, speaks_of(Topic.SHAPES), "it fails inside an attention"),
        Rule("decoder-attention-shape", 84, lambda e: len(set(map(len, e.shapes()))) > 1, _RANKS),
    ),
    Rule("decoder-reshape", 78, lambda e: e.op == "Reshape", "a reshape does not fit"),
    Rule("decoder-reshape", 78, speaks_of(Topic.RESHAPE, Topic.ELEMENTS), "a reshape does not fit"),
    *only_where(
        _of_several_shapes,
        Rule("decoder-width", 50, speaks_of(Topic.WIDTHS), "the widths of two tensors do not fit"),
    ),
)


_OTHER_SHAPES: Final = "the decode loop gives the model other shapes than training does, and it fails nowhere else"
#: What a decode loop alone does.
LOOPS: Final = (
    Rule(
        "decoder-beams", 99, lambda e: any(e.of_kind(OneBeamPasses)), "it raises for several beams, and runs with one"
    ),
    *only_where(
        lambda e: e.stage == "generate",
        Rule("decoder-step-mismatch", 45, always, "it fails in the decode loop, and nowhere else"),
        *only_where(_of_several_shapes, Rule("decoder-step-mismatch", 86, speaks_of(Topic.SHAPES), _OTHER_SHAPES)),
    ),
)


def _scores_without_steps(e: FailureEvidence) -> list[str]:
    """Return the shape of scores that meet their mask, where neither of its last two axes is one of steps."""
    masked = given_masks(e)
    scores = [each for each in e.operands if "scores" in each.roles and len(each.shape) > 2]
    lengths = _lengths(e)
    return [str(list(each.shape)) for each in scores if masked and lengths.isdisjoint(each.shape[-2:])]


def _mask_of_others(e: FailureEvidence) -> list[str]:
    """Return the shape of a mask that meets what has steps on both of its last axes, or another mask."""
    masked = given_masks(e)
    others = [each for each in e.operands if each not in masked and len(each.shape) > 2]
    lengths = _lengths(e) | {1}
    fits = all(lengths.issuperset(each.shape[-2:]) for each in others) and (bool(others) or len(masked) > 1)
    return [str(list(each.shape)) for each in masked[:1] if fits]


def _lengths(e: FailureEvidence) -> set[int]:
    return {e.clearest_sizes[name] for name in LENGTHS if name in e.clearest_sizes}


def _query_without_axis(e: FailureEvidence) -> list[str]:
    """Return the shape of one step of the target, or a state, that is added to all steps of the source as it is."""
    memory = [each for each in e.operands if len(each.shape) == 3 and "source" in each.roles]
    queries = [each for each in e.operands if len(each.shape) == 2 and {"target", "state"} & set(each.roles)]
    adds = len(e.operands) == 2 and e.op in ("Add", "AddV2", "Sub", "Mul")
    return [str(list(each.shape)) for each in queries if adds and memory and each.shape[1] == memory[0].shape[2]]


_NO_AXIS: Final = "a query of shape {0} meets all steps of the source, and has no axis for these"
_NO_STEPS: Final = "scores of shape {0} meet a mask: their last axes are no steps"
_MASK_MISFITS: Final = "a mask of shape {0} meets scores that have the steps of both sides"
_MASK_GIVEN: Final = "an attention was given a mask where it fails"
#: A mask does not fit what it masks: scores that depend on a length are what a mask of another length is applied to.
MASKS: Final = only_where(
    lambda e: not e.scoring and e.innermost is not None and bool(e.innermost.masks) and in_attention(e),
    Rule("decoder-attention-mask", 91, depends_on_lengths, _MASK_GIVEN),
    Rule("decoder-attention-mask", 70, always, _MASK_GIVEN),
)
#: What scores and their mask are of, where they meet and do not fit.
SCORES: Final = only_where(
    lambda e: not e.scoring,
    Rule("decoder-attention-shape", 95, _scores_without_steps, _NO_STEPS),
    Rule("decoder-attention-mask", 94, _mask_of_others, _MASK_MISFITS),
    Rule("decoder-attention-shape", 88, _query_without_axis, _NO_AXIS),
)
