"""What a script alone needs of Keras, which a worker asks through ``keras_api``: pasted where it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def as_graph(model: Any) -> Any:
    """Return a plain function with its Python control flow converted; Keras converts none."""
    plain = not isinstance(model, keras.layers.Layer) and not tf.executing_eagerly()
    return tf.function(model) if plain else model


def recurrent_units(value: Any) -> Any:
    """Return the units of the first LSTM or GRU in a model; None where there is none."""
    if isinstance(value, (keras.layers.LSTM, keras.layers.GRU)):
        return value.units
    if isinstance(value, keras.layers.Layer):
        value = getattr(value, "layers", None) or list(vars(value).values())
    parts = value if isinstance(value, (list, tuple)) else []
    return next((units for part in parts if (units := recurrent_units(part))), None)


def recorded(call: Callable[[], Any], words: int) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return what a call gives, and the layers that gave scores of so many words in it, with these scores."""
    found = []
    original = keras.layers.Layer.__call__

    def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = original(layer, *args, **kwargs)
        shape: Any = getattr(output, "shape", None) or ()
        if len(shape) in (2, 3) and shape[-1] == words and hasattr(output, "numpy"):
            found.append((layer, np.array(output)))
        return output

    keras.layers.Layer.__call__ = watched
    try:
        return call(), found
    finally:
        keras.layers.Layer.__call__ = original
