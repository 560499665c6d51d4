"""TensorFlow with what fuzzseq listens by put in, once a process, and who listens: the one process-wide state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final

import tensorflow as tf

from fuzzseq.worker.keras_api.objects import Function, Model, Nest, Tensor
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


def replace(owner: object, name: str, hook: Callable[[Function], Function]) -> None:
    """Put ``hook(original)`` in the place of a function or a method."""
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(hook(original)))


def _random_drawn(original: Function) -> Function:
    def get_seed(op_seed: object) -> object:
        if CURRENT.listener is not None:
            CURRENT.listener.random_drawn()
        return original(op_seed)

    return get_seed


def _function_called(original: Function) -> Function:
    def call(self: Model, *args: Any, **kwargs: Any) -> Nest:
        code = getattr(inspect.unwrap(self.python_function), "__code__", None)
        if code is not None and CURRENT.listener is not None:
            CURRENT.listener.function_called(code, (args, kwargs))
        return original(self, *args, **kwargs)

    return call


def _softmax_computed(original: Function) -> Function:
    def softmax(logits: Tensor, axis: int | None = None, name: object = None) -> Tensor:
        result = original(logits, axis=axis, name=name)
        if CURRENT.listener is not None:
            CURRENT.listener.softmax_computed(result, -1 if axis is None else int(axis))
        return result

    return softmax
