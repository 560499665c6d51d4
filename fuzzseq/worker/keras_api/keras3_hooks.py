"""Keras 3 with what fuzzseq listens by put in, once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras

from fuzzseq.worker.keras_api.hooks import CURRENT, replace
from fuzzseq.worker.keras_api.objects import Function, Layer, Model, Nest


@cache
def install() -> None:
    """Put the hooks in, the first time that it is called."""
    # All layers and operations of Keras go through one of two.
    replace(keras.Layer, "__call__", _layer_called)
    replace(keras.Operation, "__call__", _layer_called)
    replace(keras.Operation, "symbolic_call", _operation_added)
    # Where it is defined, for Keras asks whether a model's own is that one.
    replace(next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind)), "compile", _model_compiled)
    replace(keras.Layer, "_maybe_build", _without_dry_run)
    replace(keras.Layer, "_lock_state", _layer_built)


def _layer_called(original: Function) -> Function:
    def call(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if CURRENT.listener is None:
            return original(self, *args, **kwargs)
        return CURRENT.listener.layer_called(original, self, args, kwargs)

    return call


def _operation_added(original: Function) -> Function:
    def symbolic_call(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if CURRENT.listener is not None:
            CURRENT.listener.operation_added(self)
        return original(self, *args, **kwargs)

    return symbolic_call


def _model_compiled(original: Function) -> Function:
    def compile_(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if CURRENT.listener is not None:
            CURRENT.listener.model_compiled()
        return original(self, *args, **kwargs)

    return compile_


def _without_dry_run(original: Function) -> Function:
    """Let an eager call make a lazy layer's weights, as Keras does where its own dry run with symbols has failed.

    The dry run takes three quarters of the first call of a model that fails, and nobody hears of it.
    """

    def maybe_build(self: Model, *args: object) -> Nest:
        lazy = not self.built and getattr(self.build, "_is_default", False)
        eagerly = CURRENT.listener is not None and CURRENT.listener.builds_eagerly
        if eagerly and lazy and any(not layer.built for layer in self._layers):
            return None
        return original(self, *args)

    return maybe_build


def _layer_built(original: Function) -> Function:

    def lock_state(self: Model) -> None:
        original(self)
        if CURRENT.listener is not None and not getattr(self.build, "_is_default", False):
            CURRENT.listener.layer_built(self)

    return lock_state
