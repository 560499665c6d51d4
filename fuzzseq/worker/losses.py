"""The user's loss where there is one, else cross-entropy for the encoding with padding masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from fuzzseq.spec import Spec


def loss_function(spec: Spec, model: Any, declared: Any) -> Callable[[Any, Any, Any, Any], Any]:
    """Return ``loss(inputs, labels, output, mask)``: ``output`` has ``scores`` and ``raw``, ``mask`` real steps."""
    if declared is not None:
        scored = keras.losses.get(declared) if isinstance(declared, str) else declared
        return lambda inputs, labels, output, mask: scored(labels, output.scores)
    if spec.loss == "compiled":
        return lambda inputs, labels, output, mask: model.compute_loss(
            x=inputs, y=labels, y_pred=_as_compiled(model, output), sample_weight=None
        )
    return lambda inputs, labels, output, mask: cross_entropy(
        labels, output.scores, mask, logits=spec.logits is not False
    )


def _as_compiled(model: Any, output: Any) -> Any:
    """Return what a compiled loss compares labels with: everything, where there is one output, else the scores."""
    return output.raw if not isinstance(output.raw, list | tuple | Mapping) else output.scores


def cross_entropy(labels: Any, scores: Any, mask: Any, logits: bool) -> Any:
    """Return the mean cross-entropy over real steps; labels are integers (batch, steps) or one-hot."""
    if len(scores.shape) == 2:
        scores, mask = scores[:, None, :], mask[:, :1]
        labels = labels[:, :1]
    if len(labels.shape) == 3:
        each = keras.losses.categorical_crossentropy(labels, scores, from_logits=logits)
    else:
        each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=logits)
    weights = tf.cast(mask, each.dtype)
    return tf.reduce_sum(each * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)
