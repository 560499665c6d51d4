"""What layers and softmaxes gave in one run, and what is known of a call: shapes, states, masks, weights."""

from __future__ import annotations

from contextlib import suppress

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.checks.base import DropoutCall, LayerOutput, Observed, Softmax
from fuzzseq.protocol.outcome import LayerFrame
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Kwargs, Layer, Nest


class Recording:
    """The layers and softmaxes of one eager run, in the order in which they were done; or the softmaxes of a trace.

    Those of a trace have symbolic values, which ``graph`` can give back. ``hidden`` says that there was one in another
    graph inside of it, as in the body of a loop.
    """

    def __init__(self, graph: object = None) -> None:
        self.layers: list[LayerOutput] = []
        self.softmaxes: list[Softmax] = []
        self.dropouts: list[DropoutCall] = []
        self.graph, self.hidden = graph, False

    def added_to(self, seen: Observed) -> Observed:
        """Return an observation with what was recorded."""
        softmaxes, dropouts = tuple(self.softmaxes), tuple(self.dropouts)
        return attrs.evolve(seen, layers=tuple(self.layers), softmaxes=softmaxes, dropouts=dropouts)


def shapes(nest: Nest) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the arrays in a structure; -1 for an unknown size."""
    found = []
    for value in tf.nest.flatten(nest):
        shape = None if isinstance(value, str) else getattr(value, "shape", None)
        if shape is not None:
            with suppress(TypeError, ValueError):
                found.append(tuple(-1 if size is None else int(size) for size in shape))
    return tuple(found)


def layer_frame(name: str, layer: Layer, args: Args, kwargs: Kwargs) -> LayerFrame:
    """Return what is known of a layer's call."""
    states = KERAS.given_states(layer, args, kwargs)
    masks = [kwargs[key] for key in kwargs if "mask" in key and kwargs[key] is not None]
    others = {key: value for key, value in kwargs.items() if "mask" not in key and key != "initial_state"}
    weights = tuple(
        (str(weight.path).rsplit("/", 1)[-1], tuple(int(size) for size in weight.shape))
        for weight in KERAS.own_weights(layer)
        if hasattr(weight, "path")
    )
    return LayerFrame(
        name=name,
        kind=type(layer).__name__,
        inputs=shapes((args[:1] if states is args[1:] else args, others)),
        states=shapes(states),
        masks=shapes(masks),
        weights=weights,
        units=units if isinstance(units := getattr(layer, "units", None), int) else None,
    )


def finite(value: Nest) -> bool:
    """Say whether a tensor holds no NaN and no plus infinity; anything that is no float tensor is finite."""
    if not tf.is_tensor(value) or not getattr(value, "dtype", tf.int32).is_floating or not hasattr(value, "numpy"):
        return True
    array = np.asarray(tf.cast(value, tf.float64))
    return not bool((np.isnan(array) | (array == np.inf)).any())
