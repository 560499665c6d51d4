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


def _replace(owner: object, name: str, hook: Callable[[Function], Function]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(hook(original)))


def _layer_called(original: Function) -> Function:
    def call(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if _CURRENT.listener is None:
            return original(self, *args, **kwargs)
        return _CURRENT.listener.layer_called(original, self, args, kwargs)

    return call


def _operation_added(original: Function) -> Function:
    def symbolic_call(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if _CURRENT.listener is not None:
            _CURRENT.listener.operation_added(self)
        return original(self, *args, **kwargs)

    return symbolic_call


def _model_compiled(original: Function) -> Function:
    def compile_(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if _CURRENT.listener is not None:
            _CURRENT.listener.model_compiled()
        return original(self, *args, **kwargs)

    return compile_


def _without_dry_run(original: Function) -> Function:
    """Let an eager call make a lazy layer's weights, as Keras does where its own dry run with symbols has failed.

    The dry run takes three quarters of the first call of a model that fails, and nobody hears of it.
    """

    def maybe_build(self: Model, *args: object) -> Nest:
        lazy = not self.built and getattr(self.build, "_is_default", False)
        eagerly = _CURRENT.listener is not None and _CURRENT.listener.builds_eagerly
        if eagerly and lazy and any(not layer.built for layer in self._layers):
            return None
        return original(self, *args)

    return maybe_build


def _layer_built(original: Function) -> Function:

    def lock_state(self: Model) -> None:
        original(self)
        if _CURRENT.listener is not None and not getattr(self.build, "_is_default", False):
            _CURRENT.listener.layer_built(self)

    return lock_state


def _random_drawn(original: Function) -> Function:
    def get_seed(op_seed: object) -> object:
        if _CURRENT.listener is not None:
            _CURRENT.listener.random_drawn()
        return original(op_seed)

    return get_seed


def _function_called(original: Function) -> Function:
    def call(self: Model, *args: Any, **kwargs: Any) -> Nest:
        code = getattr(inspect.unwrap(self.python_function), "__code__", None)
        if code is not None and _CURRENT.listener is not None:
            _CURRENT.listener.function_called(code, (args, kwargs))
        return original(self, *args, **kwargs)

    return call


def _softmax_computed(original: Function) -> Function:
    def softmax(logits: Tensor, axis: int | None = None, name: object = None) -> Tensor:
        result = original(logits, axis=axis, name=name)
        if _CURRENT.listener is not None:
            _CURRENT.listener.softmax_computed(result, -1 if axis is None else int(axis))
        return result

    return softmax
