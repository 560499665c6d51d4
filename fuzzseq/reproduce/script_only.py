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


def dropout_calls(model: Any) -> list[tuple[str, bool, bool]]:
    """Return a list that fills with the calls of layers with dropout: the name, if it dropped, if it was switched off.

    Layers that are frozen, and those of a model inside of it that is called with ``training=False``, are left out.
    """
    calls: list[tuple[str, bool, bool]] = []
    running: list[tuple[Any, bool]] = []
    original = keras.layers.Layer.__call__

    def rate(layer: Any) -> float:
        if not type(layer).__module__.startswith(f"{keras.__name__}.") or getattr(layer, "stateful", False):
            return 0
        cells = getattr(getattr(layer, "cell", layer), "cells", [getattr(layer, "cell", layer)])
        rates = [getattr(each, name, 0) for each in cells for name in ("rate", "dropout", "recurrent_dropout")]
        return max(each if isinstance(each, float) else 0 for each in rates)

    def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
        running.append((layer, kwargs.get("training") is False))
        result = original(layer, *args, **kwargs)
        off = any(inference and isinstance(outer, keras.Model) for outer, inference in running[1:])
        frozen = off or not all(outer.trainable for outer, _ in running)
        outermost, switched_off = running[0]
        running.pop()
        if rate(layer) and not frozen and (outermost is model or not isinstance(model, keras.Model)):
            given = args[: 3 if isinstance(layer, keras.layers.RNN) else 1]
            without, dropped = (original(layer, *given, **{**kwargs, "training": way}) for way in (False, True))
            first, second, third = (tf.nest.flatten(each)[0] for each in (result, without, dropped))
            traced = not hasattr(first, "numpy")
            if traced or not np.array_equal(second, third):
                calls.append((layer.name, traced or not np.array_equal(first, second), switched_off))
        return result

    keras.layers.Layer.__call__ = watched
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
