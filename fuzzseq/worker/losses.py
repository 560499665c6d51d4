"""The user's loss where there is one, else cross-entropy for the encoding with padding masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import tensorflow as tf

from fuzzseq.reproduce.runtime import cross_entropy, ctc_error_of_rows, squared_error_of_steps
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model, Nest, Tensor

_NEXT_TO_NOTHING: Final = 1e-30
#: ``loss(inputs, labels, output, mask, weights)``: ``output`` has ``scores`` and ``raw``, ``mask`` is of real steps.
Loss = Callable[[Nest, Tensor, Nest, Tensor, Tensor], Tensor]


def loss_function(spec: Spec, model: Model, declared: Function | str | None) -> Loss:
    """Return the loss of a model: the declared one, the compiled one, or the cross-entropy of its encoding."""
    several = _losses(model) if declared is None else None
    if declared is not None:
        scored = KERAS.loss(model, declared) if isinstance(declared, str) else declared
    elif spec.contract.loss == "compiled" and several is not None and as_targets(model, 0) is None:
        # Labels are known for one output alone: the other losses are for what nobody here can label.
        by_name = several if isinstance(several, Mapping) else dict(enumerate(several))
        scored = KERAS.loss(model, by_name.get(spec.contract.output) or next(loss for loss in by_name.values() if loss))
    elif spec.contract.loss == "compiled":

        def compiled_loss(inputs: Nest, labels: Tensor, output: Nest, _mask: Tensor, weights: Tensor) -> Nest:
            return model.compute_loss(**compared(spec, model, inputs, labels, output, weights))

        return compiled_loss
    elif spec.contract.float_labels:
        return lambda _inputs, labels, output, mask, _: _with_all_outputs(
            squared_error_of_steps(labels, output.scores, mask), model, output
        )
    elif spec.contract.is_ctc:
        tokens = spec.contract.tokens
        pad = tokens.pad if tokens.label_pad is None else tokens.label_pad
        return lambda _inputs, labels, output, mask, _: _with_all_outputs(
            ctc_error_of_rows(labels, output.scores, mask, pad, tokens.blank or 0, spec.traits.logits is not False),
            model,
            output,
        )
    else:
        logits = spec.traits.logits is not False
        return lambda _inputs, labels, output, mask, _: _with_all_outputs(
            cross_entropy(labels, output.scores, mask, KERAS.cross_entropy, logits), model, output
        )
    return lambda _inputs, labels, output, _mask, _: _with_all_outputs(scored(labels, output.scores), model, output)


def _losses(model: Model) -> Nest:
    """Return the losses that a model of several outputs is compiled with, a dict or a list; None for a single one."""
    compiled = KERAS.compiled_loss(model)
    return compiled if isinstance(compiled, Mapping | list | tuple) else None


def compared(spec: Spec, model: Model, inputs: Nest, labels: Tensor, output: Nest, weights: Tensor) -> dict[str, Nest]:
    """Return what a model's ``compute_loss``, and its ``compute_metrics``, is given, by name."""
    # A loss of the user's own takes everything apart itself, as it does in fit; else each output has its own.
    whole = KERAS.overrides(model, "compute_loss") or not isinstance(output.raw, list | tuple | Mapping)
    return {
        "x": inputs,
        "y": as_targets(model, labels),
        "y_pred": output.raw if whole or _losses(model) is not None else output.scores,
        "sample_weight": as_targets(model, weights) if spec.contract.sample_weight else None,
    }


def as_targets(model: Model, labels: Nest) -> Nest:
    """Return labels as a compiled model takes them, by name or place; None where it has losses for several outputs."""
    losses = _losses(model)
    if losses is None:
        return labels
    if sum(loss is not None for loss in (losses.values() if isinstance(losses, Mapping) else losses)) > 1:
        return None
    if isinstance(losses, Mapping):
        return {name: labels for name, loss in losses.items() if loss is not None}
    return [None if loss is None else labels for loss in losses]


def _with_all_outputs(loss: Tensor, model: Model, output: Nest) -> Tensor:
    """Return a loss with next to nothing of every other output, and loss of a layer.

    Weights that lead there get a gradient, which is not zero; no digit of the loss is another.
    """
    added = list(model.losses) if KERAS.is_layer(model) else []
    for value in [t for t in tf.nest.flatten(output.raw) if t is not output.scores] + added:
        if tf.is_tensor(value) and value.dtype.is_floating:
            nothing = _NEXT_TO_NOTHING * tf.reduce_sum(tf.where(tf.math.is_finite(value), value, tf.zeros_like(value)))
            loss += tf.cast(nothing, loss.dtype)
    return loss
