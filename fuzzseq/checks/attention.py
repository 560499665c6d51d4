"""Which softmaxes of a run are attention over the source, and what is wrong with one."""

from __future__ import annotations

import re
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Array, LayerOutput, Observed, Softmax
from fuzzseq.checks.differential import difference
from fuzzseq.protocol.evidence import AttentionError, AttentionFault
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec

_WEIGHT: Final = 1e-4
#: Where padding is known to move an output, any weight that is not rounding explains it.
_ANY_WEIGHT: Final = 1e-7


@attrs.frozen
class FaultySoftmax:
    """A softmax, and what is wrong with it."""

    softmax: Softmax
    evidence: AttentionFault


def source_is_distinct(case: Case, spec: Spec) -> bool:
    """Say whether the source length of a case's last batch is like no other size that an axis may have."""
    sizes = case.sizes(spec.contract)
    length = sizes.get("source_length", 0)
    return length > 1 and length not in {*_built_of(case, spec), sizes.get("target_length"), sizes["batch_size"]}


def _built_of(case: Case, spec: Spec) -> set[int]:
    """Return the sizes that a model is built of, but for the widths of its sides."""
    widths = {spec.contract.built_width(side) for side in SIDES}
    return {size for name, size in case.dimensions.items() if name not in widths}


def fault(seen: Observed, case: Case, spec: Spec) -> FaultySoftmax | None:
    """Return the first fault of the softmaxes that ran, where the sizes of a case show which."""
    if not spec.contract.has_source or not source_is_distinct(case, spec):
        return None
    taken = _built_of(case, spec)
    for softmax in seen.softmaxes:
        found = _wrong(softmax, seen, spec, taken)
        if found is None:
            continue
        # Co-attention normalizes the same scores over the source as well.
        both_ways = found.wrong_axis and any(
            other is not softmax
            and _owner(other) == _owner(softmax)
            and sorted(other.value.shape) == sorted(softmax.value.shape)
            and other.value.shape[other.axis] == seen.arrays.source_mask.shape[1]
            for other in seen.softmaxes
        )
        if not both_ways:
            return FaultySoftmax(softmax, found)
    return None


def attends(seen: Observed) -> bool:
    """Say whether some softmax that ran was taken over the source steps, and over no other axis of that size."""
    return any(softmax.axis % softmax.value.ndim in _source_axes(softmax, seen) for softmax in seen.softmaxes)


def _source_axes(softmax: Softmax, seen: Observed) -> list[int]:
    """Return the axis of a softmax that holds the source steps; none where its sizes leave that open."""
    batch, source = seen.arrays.source_mask.shape
    shape = softmax.value.shape
    axes = [axis for axis, size in enumerate(shape) if size == source and axis]
    return axes if len(shape) > 1 and shape[0] == batch and len(axes) == 1 else []


def over_neither(seen: Observed, case: Case, spec: Spec) -> FaultySoftmax | None:
    """Return a softmax over an axis that is neither queries nor keys, as over heads: it explains a leak that is there.

    By itself it is no fault: experts and groups have such a softmax, and are right.
    """
    sizes = case.sizes(spec.contract)
    steps = {sizes.get("source_length"), sizes.get("target_length")}
    for softmax in seen.softmaxes:
        shape, axis = softmax.value.shape, softmax.axis % softmax.value.ndim
        beside = [size for place, size in enumerate(shape) if place not in (0, axis)]
        if axis and len(beside) > 1 and shape[axis] not in steps and steps.issuperset(beside):
            return FaultySoftmax(softmax, _fault(softmax, "over_other"))
    return None


def _owner(softmax: Softmax) -> str:
    """Return the path of the layer that takes a softmax, which may do so by a layer of Keras' own."""
    return re.sub(r"/(Softmax|Activation)(#\d+)?$", "", softmax.path)


def weighing_padding(seen: Observed, side: str, path: str) -> FaultySoftmax | None:
    """Return the softmax over the columns of a side that gives weight to its padding: one in ``path`` before others."""
    mask = getattr(seen.arrays, f"{side}_mask")
    found = [
        FaultySoftmax(softmax, _fault(softmax, "weight_on_padding", share))
        for softmax in seen.softmaxes
        if softmax.value.ndim > 1
        and softmax.value.shape[0] == mask.shape[0]
        and softmax.axis % softmax.value.ndim
        and softmax.value.shape[softmax.axis] == mask.shape[1]
        and (share := _on_padding(softmax, seen, mask)) > _ANY_WEIGHT
    ]
    return next((each for each in found if each.softmax.path.startswith(path)), found[0] if found else None)


def of_other_rows(one: Observed, two: Observed, guilty: LayerOutput | None) -> FaultySoftmax | None:
    """Return the first softmax that gives its rows other weights among the same rows in another order.

    It is computed beside the first layer whose outputs differ, and before that ends. Heads may be folded into its rows:
    these are compared in whatever order they come.
    """
    count = one.arrays.source_mask.shape[0]
    if guilty is None or len(one.softmaxes) != len(two.softmaxes) or two.arrays.source_mask.shape[0] != count:
        return None
    before = next(index for index, layer in enumerate(one.layers) if layer is guilty)
    for first, second in zip(one.softmaxes, two.softmaxes, strict=True):
        value, other = first.value, second.value
        beside = first.path == guilty.path.rpartition("/")[0] and first.layers_before <= before
        if not beside or value.shape != other.shape or value.ndim < 2 or value.shape[0] % count:
            continue
        rows, others = (np.sort(each.reshape(len(each), -1).astype(np.float64), axis=0) for each in (value, other))
        found = difference(rows, others)
        if found is not None and found.largest > _WEIGHT:
            return FaultySoftmax(first, _fault(first, "of_other_rows"))
    return None


def _on_padding(softmax: Softmax, seen: Observed, mask: Array) -> float:
    """Return the largest weight that a real query gives to padding; what a query at padding sees is nobody's."""
    weights = np.abs(np.moveaxis(softmax.value, softmax.axis, 1))
    if weights.ndim > 2:
        for queries in (seen.arrays.target_mask, seen.arrays.source_mask):
            if weights.shape[-1] == queries.shape[1]:
                real = queries.reshape(queries.shape[0], *(1,) * (weights.ndim - 2), queries.shape[1])
                weights = np.where(real, weights, 0.0)
                break
    return float(weights[~mask].max(initial=0.0))


def _wrong(softmax: Softmax, seen: Observed, spec: Spec, taken: set[int]) -> AttentionFault | None:
    value, mask = softmax.value, seen.arrays.source_mask
    target = seen.arrays.decoder_input.shape[1] if spec.contract.has_target else 0
    axis = softmax.axis % value.ndim
    axes = _source_axes(softmax, seen)
    if not axes:
        return None
    over = value.shape[axis]
    if axis in axes:
        weight = _on_padding(softmax, seen, mask) if spec.contract.pads("source") else 0.0
        if weight > _WEIGHT:
            return _fault(softmax, "weight_on_padding", weight)
        return None
    if axis == 0:
        return _fault(softmax, "over_batch")
    if over == 1 and value.ndim > 2 and 1 not in taken:
        return _fault(softmax, "over_one")
    if over == target and target > 1 and target not in taken:
        return _fault(softmax, "over_queries")
    return None


def _fault(softmax: Softmax, error: AttentionError, share: float = 0.0) -> AttentionFault:
    axis = softmax.axis % softmax.value.ndim
    return AttentionFault(error=error, path=softmax.path, shape=softmax.value.shape, axis=axis, share=share)
