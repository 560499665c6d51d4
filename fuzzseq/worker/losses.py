"""The user's loss where there is one, else cross-entropy for the encoding with padding masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from fuzzseq.reproduce.runtime import cross_entropy
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.keras_api import KERAS


def loss_function(spec: Spec, model: Any, declared: Any) -> Callable[[Any, Any, Any, Any], Any]:
    """Return ``loss(inputs, labels, output, mask)``: ``output`` has ``scores`` and ``raw``, ``mask`` real steps."""
    if declared is not None:
        scored = KERAS.loss(declared) if isinstance(declared, str) else declared
        return lambda _inputs, labels, output, _mask: _beside(scored(labels, output.scores), _unscored(model, output))
    several = _losses(model)
    if spec.contract.loss == "compiled" and several is not None and as_targets(model, 0) is None:
        # Labels are known for one output alone: the other losses are for what nobody here can label.
        by_name = several if isinstance(several, Mapping) else dict(enumerate(several))
        alone = KERAS.loss(by_name.get(spec.contract.output) or next(loss for loss in by_name.values() if loss))
        return lambda _inputs, labels, output, _mask: _beside(alone(labels, output.scores), _unscored(model, output))
    if spec.contract.loss == "compiled":
        return lambda inputs, labels, output, _mask: model.compute_loss(
            x=inputs, y=as_targets(model, labels), y_pred=_as_compiled(model, output), sample_weight=None
        )
    logits = spec.traits.logits is not False
    return lambda _inputs, labels, output, mask: _beside(
        cross_entropy(labels, output.scores, mask, KERAS.cross_entropy, logits), _unscored(model, output)
    )


def _losses(model: Any) -> Any:
    """Return the losses that a model of several outputs is compiled with, a dict or a list; None for a single one."""
    compiled = KERAS.compiled_loss(model)
    return compiled if isinstance(compiled, Mapping | list | tuple) else None


def as_targets(model: Any, labels: Any) -> Any:
    """Return labels as a compiled model takes them, by name or place; None where it has losses for several outputs."""
    losses = _losses(model)
    if losses is None:
        return labels
    if sum(loss is not None for loss in (losses.values() if isinstance(losses, Mapping) else losses)) > 1:
        return None
    if isinstance(losses, Mapping):
        return {name: labels for name, loss in losses.items() if loss is not None}
    return [None if loss is None else labels for loss in losses]


def _as_compiled(model: Any, output: Any) -> Any:
    """Return what a compiled loss compares labels with: everything, where each output has its loss, else the scores."""
    if KERAS.overrides(model, "compute_loss"):
        return output.raw  # One of the user's own takes it apart itself, as it does in fit.
    several = isinstance(output.raw, list | tuple | Mapping)
    return output.scores if several and _losses(model) is None else output.raw


def _unscored(model: Any, output: Any) -> list[Any]:
    """Return every output but the scores, and what layers add to the loss, as a user's training loop would."""
    added = list(model.losses) if KERAS.is_layer(model) else []
    return [t for t in tf.nest.flatten(output.raw) if t is not output.scores] + added


def _beside(loss: Any, others: Iterable[Any]) -> Any:
    """Return a loss, with nothing added by way of other values: weights that lead to one of them are no dead ends."""
    floats = [t for t in others if tf.is_tensor(t) and t.dtype.is_floating]
    for value in floats:
        nothing = 0.0 * tf.reduce_sum(tf.where(tf.math.is_finite(value), value, tf.zeros_like(value)))
        loss += tf.cast(nothing, loss.dtype)
    return loss
