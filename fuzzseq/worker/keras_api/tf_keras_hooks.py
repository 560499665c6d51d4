"""tf-keras with what fuzzseq listens by put in, once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

import tf_keras

from fuzzseq.worker.keras_api.hooks import model_compiled, replace
from fuzzseq.worker.keras_api.objects import Function, Layer, Model, Nest
from fuzzseq.worker.keras_api.protocol import Listener


@cache
def install() -> None:
    """Put the hooks in, the first time that it is called."""
    replace(tf_keras.layers.Layer, "__call__", _layer_called)
    replace(tf_keras.layers.Layer, "_maybe_build", _layer_built)
    replace(tf_keras.Model, "compile", model_compiled)


def _layer_called(listener: Listener, original: Function, layer: Layer, /, *args: Any, **kwargs: Any) -> Nest:
    result = listener.layer_called(original, layer, args, kwargs)
    # A softmax between symbols became a layer, which calls what lies below TensorFlow's function.
    if getattr(layer, "symbol", None) == "nn.softmax":
        axis = kwargs.get("axis", args[1] if len(args) > 1 else None)
        listener.softmax_computed(result, -1 if axis is None else int(axis))
    return result


def _layer_built(listener: Listener, original: Function, layer: Model, inputs: Nest) -> None:
    lazy = not layer.built and not getattr(layer.build, "_is_default", False)
    original(layer, inputs)
    if lazy:
        listener.layer_built(layer)
