"""Keras and TensorFlow with what fuzzseq listens by put in, once a process: the one place with process-wide state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import keras
import tensorflow as tf

from fuzzseq.worker.keras_api.objects import Function, Layer, Model, Nest, Tensor
from fuzzseq.worker.keras_api.protocol import Listener


class _Current:
    """Who hears; where nobody does, Keras and TensorFlow do what they always do."""

    listener: Listener | None = None
    installed = False


#: Threads of the model's own are heard as well, so that this is no context variable.
_CURRENT: Final = _Current()


def listen(listener: Listener | None) -> None:
    """Have a listener hear from now on, in the place of the one before; the hooks are put in the first time."""
    _CURRENT.listener = listener
    if _CURRENT.installed:
        return
    _CURRENT.installed = True
    from tensorflow.python.framework import random_seed  # noqa: PLC0415 (it may have moved: see private_names)

    # All layers and operations of Keras go through one of two.
    _replace(keras.Layer, "__call__", _layer_called)
    _replace(keras.Operation, "__call__", _layer_called)
    _replace(keras.Operation, "symbolic_call", _operation_added)
    # Where it is defined, for Keras asks whether a model's own is that one.
    _replace(next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind)), "compile", _model_compiled)
    _replace(keras.Layer, "_maybe_build", _without_dry_run)
    _replace(keras.Layer, "_lock_state", _layer_built)
    _replace(random_seed, "get_seed", _random_drawn)
    _replace(type(tf.function(lambda: None)), "__call__", _function_called)
    # Keras' own softmax goes through TensorFlow's.
    _replace(tf.nn, "softmax", _softmax_computed)


def _replace(owner: object, name: str, hook: Callable[..., Nest]) -> None:
    """Have ``hook(listener, original, *args, **kwargs)`` answer a call, where anybody hears."""
    original: Function = getattr(owner, name)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Nest:
        if _CURRENT.listener is None:
            return original(*args, **kwargs)
        return hook(_CURRENT.listener, original, *args, **kwargs)

    setattr(owner, name, call)


def _layer_called(listener: Listener, original: Function, layer: Layer, /, *args: Any, **kwargs: Any) -> Nest:
    return listener.layer_called(original, layer, args, kwargs)


def _operation_added(listener: Listener, original: Function, operation: Layer, /, *args: Any, **kwargs: Any) -> Nest:
    listener.operation_added(operation)
    return original(operation, *args, **kwargs)


def _model_compiled(listener: Listener, original: Function, /, *args: Any, **kwargs: Any) -> Nest:
    listener.model_compiled()
    return original(*args, **kwargs)


def _without_dry_run(listener: Listener, original: Function, layer: Model, *args: object) -> Nest:
    """Let an eager call make a lazy layer's weights, as Keras does where its own dry run with symbols has failed.

    The dry run takes three quarters of the first call of a model that fails, and nobody hears of it.
    """
    lazy = not layer.built and getattr(layer.build, "_is_default", False)
    if listener.builds_eagerly and lazy and any(not part.built for part in layer._layers):
        return None
    return original(layer, *args)


def _layer_built(listener: Listener, original: Function, layer: Model) -> None:
    original(layer)
    if not getattr(layer.build, "_is_default", False):
        listener.layer_built(layer)


def _random_drawn(listener: Listener, original: Function, op_seed: object) -> object:
    listener.random_drawn()
    return original(op_seed)


def _function_called(listener: Listener, original: Function, function: Model, /, *args: Any, **kwargs: Any) -> Nest:
    code = getattr(inspect.unwrap(function.python_function), "__code__", None)
    if code is not None:
        listener.function_called(code, (args, kwargs))
    return original(function, *args, **kwargs)


def _softmax_computed(
    listener: Listener, original: Function, logits: Tensor, axis: int | None = None, name: object = None
) -> Tensor:
    result: Tensor = original(logits, axis=axis, name=name)
    listener.softmax_computed(result, -1 if axis is None else int(axis))
    return result
