"""Attention weights sum to one over the source, and give nothing to padding.

Every softmax of an eager run is watched. A result whose axes hold both the source steps and the decoder steps is taken
for attention weights, and so is one over a single score for each source step; a softmax over words, heads or experts is
left alone. The first has to be taken over the source, and padding has to get nothing.

False alarms that it guards against: sizes that are equal by chance (only batches whose sizes are pairwise different
are asked); self-attention, where queries and keys are the same steps (the axis cannot be told, and is not judged); a
softmax over something else, by its axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Observed, Results, Softmax, forward
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec

_WEIGHT: Final = 1e-4


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source."""
    return None if spec.has_source else "the model has no source"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Watch an eager run of the last batch, where all sizes are pairwise different."""
    sizes = case.sizes(spec)
    data = [sizes[name] for name in ("batch_size", "source_length", "target_length") if name in sizes]
    widths = [value for name, value in sizes.items() if name not in ("batch_size", "source_length", "target_length")]
    if len(set(data)) < len(data) or set(data) & set(widths) or sizes["source_length"] < 2:
        return {}
    return {"watched": attrs.evolve(forward(case), batches=case.batches[-1:], mode="eager", watched=True)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at every softmax that ran."""
    seen = results["watched"].last
    for softmax in seen.softmaxes:
        said = _wrong(softmax, seen, spec)
        if said is not None:
            message, hint = said
            return CHECK.broken(
                f"{message} (shape {softmax.value.shape}, in {softmax.path or 'the model'})",
                position=softmax.path or "softmax",
                location=softmax.site,
                hints=(hint,),
            )
    return None


def _wrong(softmax: Softmax, seen: Observed, spec: Spec) -> tuple[str, str] | None:
    """Say what is wrong with one softmax, and which hint that is; None for one that is right, or no attention."""
    value, mask = softmax.value, seen.arrays.source_mask
    batch, source = mask.shape
    target = seen.arrays.decoder_input.shape[1] if spec.has_target else 0
    axis = softmax.axis % value.ndim
    axes = [i for i, size in enumerate(value.shape) if size == source and i]
    if value.ndim < 2 or value.shape[0] != batch or len(axes) != 1:
        return None
    over = value.shape[axis]
    if axis in axes:
        columns = np.moveaxis(value, axis, 1)
        on_padding = np.abs(columns[~mask])
        if spec.padding is not None and on_padding.size and float(on_padding.max()) > _WEIGHT:
            if not bool(np.abs(columns[mask]).max(initial=0.0) > 0):
                return None
            return f"attention gives {float(on_padding.max()):.2g} of its weight to padding", "weight on padding"
        return None
    if axis == 0:
        return "attention weights are normalised over the batch", "wrong axis"
    if over == 1 and value.ndim == 3:
        return "attention weights are normalised over an axis of size one, and are all one", "wrong axis"
    if target and over == target and value.ndim in (3, 4):
        return "attention weights are normalised over the decoder steps, not over the source", "wrong axis"
    return None


CHECK = Check(
    name="attention_normalised",
    promise="attention weights sum to one over the source, and are zero on padding",
    plan=plan,
    judge=judge,
    applies=applies,
    thorough=True,
    every=2,
)
