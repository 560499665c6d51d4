"""What the checks of a loss share: the run of a case up to it, and the Spec that gives them a meaning."""

from __future__ import annotations

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Observed, has_labels
from fuzzseq.protocol.runs import LossRun
from fuzzseq.targets.contract import Side
from fuzzseq.targets.spec import Spec


def applies_to_loss(spec: Spec) -> str | None:
    """Say that a check speaks of the user's own loss, never of the one that fuzzseq supplies."""
    if spec.traits.own_training_step and not spec.contract.loss:
        return "the loss is inside the custom train_step: pass it as loss=... to check it"
    return has_labels(spec) or (None if spec.contract.loss else "the model has no loss")


def applies_to_class_loss(spec: Spec) -> str | None:
    """Say that a check needs a loss of the user's, and labels that are classes."""
    return applies_to_loss(spec) or ("the labels are values, and no classes" if spec.contract.float_labels else None)


def applies_to_padded_loss(spec: Spec) -> str | None:
    """Say that a check needs a loss of the user's, and labels that can be padded."""
    if spec.contract.padding is None:
        return "padding=None: padded positions are unspecified"
    if padded_side(spec) in spec.contract.unpadded:
        return f"padding of the {padded_side(spec)} is unspecified"
    if isinstance(spec.contract.output_steps, int | str):
        return "the output has a fixed number of steps, and none of them is padding"
    if spec.contract.loss == "compiled" and spec.traits.uses_sample_weight and not spec.contract.sample_weight:
        return "the custom train_step passes loss weights that cannot be read"
    return applies_to_loss(spec)


def scored(case: Case) -> LossRun:
    """Return the run of a case up to its loss; on labels that nobody smoothed, by which a loss may know padding."""
    plain = [
        attrs.evolve(batch, target_encoding="one_hot") if batch.target_encoding == "smoothed_one_hot" else batch
        for batch in case.batches
    ]
    return LossRun(batches=tuple(plain), mode=case.mode)


def padded_side(spec: Spec) -> Side:
    """Return the side whose padding a loss has to leave out."""
    return "target" if spec.contract.has_target else "source"


def counted_padding(seen: Observed) -> float | None:
    """Return how strongly the loss depends on scores at padding, beside the real ones; None where there is none."""
    gradient = seen.score_gradient
    mask = seen.arrays.target_mask
    if gradient is None or gradient.shape[:2] != mask.shape or mask.all() or not mask.any():
        return None
    wide = np.abs(np.asarray(gradient, np.float64))
    top = float(wide.max(initial=0.0))
    return float(wide[~mask].max()) / top if np.isfinite(top) and top > 0 else None
