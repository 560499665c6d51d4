"""What a script alone needs of Keras, which a worker asks through ``keras_api``: pasted where it is called."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def as_graph(model: Any) -> Any:
    """Return a plain function with its Python control flow converted; Keras converts none."""
    plain = not isinstance(model, keras.Layer) and not tf.executing_eagerly()
    return tf.function(model) if plain else model


def variables_of(value: Any, kind: str, depth: int = 3) -> list[Any]:
    """Return the variables of a model, or of what a function closes over."""
    if isinstance(value, (tf.Variable, keras.Variable)):
        return [value] if kind == "variables" or value.trainable else []
    if isinstance(value, (keras.Layer, tf.Module)):
        return list(getattr(value, kind))
    parts = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    parts += [getattr(value, "__self__", None), getattr(value, "func", None)]
    is_list = isinstance(value, (list, tuple))
    parts += value if is_list else getattr(value, "__dict__", {}).values()
    parts += value.values() if isinstance(value, dict) else []
    found = [x for part in parts if depth for x in variables_of(part, kind, depth - 1)]
    return list({id(x): x for x in found}.values())


def recurrent_units(value: Any) -> Any:
    """Return the units of the first LSTM or GRU in a model; None where there is none."""
    if isinstance(value, (keras.layers.LSTM, keras.layers.GRU)):
        return value.units
    if isinstance(value, keras.Layer):
        value = getattr(value, "layers", None) or list(vars(value).values())
    parts = value if isinstance(value, (list, tuple)) else []
    return next((units for part in parts if (units := recurrent_units(part))), None)
