"""TensorFlow with what fuzzseq listens by put in, once a process, and who listens: the one process-wide state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final

import tensorflow as tf

from fuzzseq.worker.keras_api.objects import Function, Layer, Model, Nest, Tensor
from fuzzseq.worker.keras_api.protocol import Listener


class _Current:
    """Who hears; where nobody does, Keras and TensorFlow do what they always do."""

    listener: Listener | None = None


#: Threads of the model's own are heard as well, so that this is no context variable.
CURRENT: Final = _Current()


@cache
def install() -> None:
    """Put the hooks in, the first time that it is called."""
    from tensorflow.python.framework import random_seed  # noqa: PLC0415 (it may have moved: see private_names)

    replace(random_seed, "get_seed", _random_drawn)
    replace(type(tf.function(lambda: None)), "__call__", _function_called)
    # Keras' own softmax goes through TensorFlow's, that of tf-keras through the module of its second version.
    replace(tf.nn, "softmax", _softmax_computed)
    replace(tf.compat.v2.nn, "softmax", _softmax_computed)


def replace(owner: object, name: str, hook: Callable[..., Nest]) -> None:
    """Have ``hook(listener, original, *args, **kwargs)`` answer a call, where anybody hears."""
    original: Function = getattr(owner, name)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Nest:
        if CURRENT.listener is None:
            return original(*args, **kwargs)
        return hook(CURRENT.listener, original, *args, **kwargs)

    setattr(owner, name, call)


def layer_called(listener: Listener, original: Function, layer: Layer, /, *args: Any, **kwargs: Any) -> Nest:
    """Have a listener hear of the call of a layer."""
    return listener.layer_called(original, layer, args, kwargs)


def model_compiled(listener: Listener, original: Function, /, *args: Any, **kwargs: Any) -> Nest:
    """Have a listener hear that a model is compiled."""
    listener.model_compiled()
    return original(*args, **kwargs)


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
