"""What a script alone needs of Keras, which a worker asks through ``keras_api``: pasted where it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

#: Where Keras keeps the mask of a tensor.
MASK: Final = "_keras_mask"


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


def dropout_calls(model: Any) -> list[tuple[str, bool]]:
    """Return a list that fills with the name of each dropout layer that is called, and whether it dropped anything."""
    calls: list[tuple[str, bool]] = []
    frozen = {layer.name for layer in model.layers if not layer.trainable}

    def watched(original: Any) -> Any:
        def call(self: Any, inputs: Any, training: bool = False) -> Any:
            result = original(self, inputs, training=training)
            traced = not hasattr(result, "numpy")
            if self.rate and self.name not in frozen and (traced or np.array(inputs).any()):
                calls.append((self.name, traced or not np.array_equal(inputs, result)))
            return result

        return call

    for kind in (keras.layers.Dropout, keras.layers.SpatialDropout1D):
        kind.call = watched(kind.call)
    return calls


def moved_by_padding(model: Any, measure: Any, scores: Any, real: Any) -> list[str]:
    """Return the metrics that differ by what the scores at padding say, the first class or the last."""
    measured = []
    for place in (0, -1, 0):
        filling = np.zeros(scores.shape[-1], scores.dtype.as_numpy_dtype)
        filling[place] = 1 if len(filling) > 1 else -place
        changed = tf.where(real[..., None], scores, filling)
        if hasattr(scores, MASK):
            setattr(changed, MASK, getattr(scores, MASK))
        model.reset_metrics()
        measured.append({name: float(np.mean(x)) for name, x in measure(changed).items()})
    one, other, again = measured
    moved = [name for name in one if abs(one[name] - other.get(name, one[name])) > 1e-5]
    return [name for name in moved if abs(one[name] - again.get(name, one[name])) <= 1e-5]


def recorded(call: Callable[[], Any], words: int, channels: int = 0) -> tuple[Any, list[Any]]:
    """Return what a call gives, and the layers that gave scores of so many words in it, with these scores.

    Where there are ``channels``, the last step of what each layer was given that has as many of them.
    """
    found: list[Any] = []
    given: dict[tuple[int, int], list[Any]] = {}
    original = keras.layers.Layer.__call__

    def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = original(layer, *args, **kwargs)
        shape: Any = getattr(output, "shape", None) or ()
        if len(shape) in (2, 3) and shape[-1] == words and hasattr(output, "numpy"):
            found.append((layer, np.array(output)))
        for place, value in enumerate(tf.nest.flatten(args) if channels else ()):
            rank = len(getattr(value, "shape", ()))
            if rank in (2, 3) and value.shape[-1] >= channels:
                array = np.array(value)
                given.setdefault((id(layer), place), []).append(array[:, -1] if rank == 3 else array)
        return output

    keras.layers.Layer.__call__ = watched
    try:
        return call(), list(given.values()) if channels else found
    finally:
        keras.layers.Layer.__call__ = original
