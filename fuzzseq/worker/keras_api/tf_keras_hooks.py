"""tf-keras with what fuzzseq listens by put in, once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

import tf_keras

from fuzzseq.worker.keras_api.hooks import CURRENT, replace
from fuzzseq.worker.keras_api.objects import Function, Layer, Nest


@cache
def install() -> None:
    """Put the hooks in, the first time that it is called."""
    replace(tf_keras.layers.Layer, "__call__", _layer_called)
    replace(tf_keras.layers.Layer, "_maybe_build", _layer_built)
    replace(tf_keras.Model, "compile", _model_compiled)


def _layer_called(original: Function) -> Function:
    def call(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        listener = CURRENT.listener
        if listener is None:
            return original(self, *args, **kwargs)
        result = listener.layer_called(original, self, args, kwargs)
        # A softmax between symbols became a layer, which calls what lies below TensorFlow's function.
        if getattr(self, "symbol", None) == "nn.softmax":
            axis = kwargs.get("axis", args[1] if len(args) > 1 else None)
            listener.softmax_computed(result, -1 if axis is None else int(axis))
        return result

    return call


def _layer_built(original: Function) -> Function:
    def maybe_build(self: Layer, inputs: Nest) -> None:
        lazy = not self.built and not getattr(self.build, "_is_default", False)
        original(self, inputs)
        if lazy and CURRENT.listener is not None:
            CURRENT.listener.layer_built(self)

    return maybe_build


def _model_compiled(original: Function) -> Function:
    def compile_(self: Layer, *args: Any, **kwargs: Any) -> Nest:
        if CURRENT.listener is not None:
            CURRENT.listener.model_compiled()
        return original(self, *args, **kwargs)

    return compile_
