"""Keras 3 with what fuzzseq listens by put in, once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras

from fuzzseq.worker.keras_api.hooks import layer_called, model_compiled, replace
from fuzzseq.worker.keras_api.objects import Function, Layer, Model, Nest
from fuzzseq.worker.keras_api.protocol import Listener


@cache
def install() -> None:
    """Put the hooks in, the first time that it is called."""
    # All layers and operations of Keras go through one of two.
    replace(keras.Layer, "__call__", layer_called)
    replace(keras.Operation, "__call__", layer_called)
    replace(keras.Operation, "symbolic_call", _operation_added)
    # Where it is defined, for Keras asks whether a model's own is that one.
    replace(next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind)), "compile", model_compiled)
    replace(keras.Layer, "_maybe_build", _without_dry_run)
    replace(keras.Layer, "_lock_state", _layer_built)


def _operation_added(listener: Listener, original: Function, operation: Layer, /, *args: Any, **kwargs: Any) -> Nest:
    listener.operation_added(operation)
    return original(operation, *args, **kwargs)


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
