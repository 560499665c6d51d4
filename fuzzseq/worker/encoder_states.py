"""The states that an encoder returns, replaced inside of a run.

An encoder's layers are those whose first states stay as they are where each token of the target is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays
from fuzzseq.cases.domain import id_range
from fuzzseq.protocol.outcome import Frame
from fuzzseq.protocol.runs import ForwardRun
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.instrumentation.tracker import CallListener
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Kwargs, Layer, Nest
from fuzzseq.worker.subject import ForwardOutput


class FirstCalls:
    """The first call of each recurrent layer in a run: what it gave, whether it started from zeros, and where it is."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.results: dict[int, list[Array]] = {}
        self.fresh: dict[int, bool] = {}
        self.sites: dict[int, Frame | None] = {}
        self._seen: list[Layer] = []  # Their ids stay theirs.

    def heard(self, path: str, layer: Layer, args: Args, kwargs: Kwargs, result: Nest) -> Nest:  # noqa: ARG002 (a listener)
        """Note a call, and return its result as it is."""
        if KERAS.is_recurrent(layer) and id(layer) not in self.results:
            given = tf.nest.flatten(KERAS.given_states(layer, args, kwargs))
            states = [np.asarray(each) for each in given if hasattr(each, "numpy")]
            self._seen.append(layer)
            self.fresh[id(layer)] = not any(state.any() for state in states)
            self.results[id(layer)] = [np.asarray(e) for e in tf.nest.flatten(result) if hasattr(e, "numpy")]
            self.sites[id(layer)] = self._tracker.site_of_call(layer)
        return result

    def encoders(self, other: FirstCalls) -> list[int]:
        """Return the layers that return a state, and gave the same in a run with another target.

        Nothing where a recurrent layer that reads the target starts from something, or where there is no such layer.
        """
        same = [
            layer
            for layer, values in self.results.items()
            if layer in other.results and all(map(np.array_equal, values, other.results[layer]))
        ]
        decoders = self.results.keys() - set(same)
        if not decoders or not all(self.fresh[layer] for layer in decoders):
            return []
        return [layer for layer in same if len(self.results[layer]) > 1]


def encoders(
    built: ModelInstance,
    run: ForwardRun,
    forward: Callable[[Arrays], ForwardOutput],
    own: Arrays,
    sizes: Mapping[str, int],
) -> dict[int, Frame | None]:
    """Return the encoder's layers, by their ids, with the user's lines that call them; none of a model that shows them.

    A model that returns its states gives them to whoever calls it.
    """
    firsts, outputs = [], []
    for given in (own, _with_other_target(own, sizes, built.spec)):
        firsts.append(FirstCalls(built.tracker))
        with built.tracker.answering(firsts[-1].heard):
            outputs.append(forward(given))
        built.reset(run)
    found = [] if outputs[0].states else firsts[0].encoders(firsts[1])
    return {layer: firsts[0].sites[layer] for layer in found}


def _with_other_target(given: Arrays, sizes: Mapping[str, int], spec: Spec) -> Arrays:
    """Return a batch with another token, or another value, at each step of the target."""
    values = given.decoder_input
    if values.dtype.kind == "f":
        return attrs.evolve(given, decoder_input=values + 1)
    low, high = id_range("target", sizes, spec.contract)
    return attrs.evolve(given, decoder_input=np.where(values == high, low, high).astype(values.dtype))


def replacing(layers: Collection[int]) -> CallListener:
    """Return a listener that puts other values in the place of each vector that some layers return."""

    def other(value: Nest) -> Nest:
        if not hasattr(value, "numpy") or len(value.shape) != 2:
            return value
        draw = np.random.default_rng(0).uniform(-0.9, 0.9, tuple(value.shape))
        return tf.cast(draw, value.dtype)

    def heard(_path: str, layer: Layer, _args: Args, _kwargs: Kwargs, result: Nest) -> Nest:
        return tf.nest.map_structure(other, result) if id(layer) in layers else result

    return heard
