"""Where the states of recurrent layers come from in one eager run, by their values.

A model that is a class or a function has no graph to follow. What a layer is given as its state is held
beside what layers returned as theirs before: two that are equal to the last bit, neither zero nor saturated, are one.
A state that more than one layer may have made comes from none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays
from fuzzseq.checks.base import Observed
from fuzzseq.protocol.evidence import StateCrossing
from fuzzseq.protocol.outcome import Frame
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Kwargs, Layer, Nest
from fuzzseq.worker.subject import ForwardOutput
from fuzzseq.worker.wiring import crossings, takers_of_states

#: Values that a state has whatever it was made of: nothing was read, or a gate is saturated.
_COMMON = (-1.0, 0.0, 1.0)


@attrs.frozen(kw_only=True, eq=False)
class _State:
    """A state that a layer returned: ``part`` is the layer that made it, ``layer`` may be bidirectional around it."""

    layer: Layer
    part: Layer
    kind: str
    values: Array


@attrs.frozen(kw_only=True, eq=False)
class _Taker:
    """A layer that was given states, at its first call: of each the states that it is, or is joined of."""

    layer: Layer
    name: str
    site: Frame | None
    sources: tuple[tuple[_State, ...], ...]


class StateLineage:
    """The states that layers return and are given; ``heard`` is told of each call of a layer that has ended."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._made: list[_State] = []
        self._names: dict[int, str] = {}
        self._flow: dict[int, tuple[Array, Array]] = {}
        self.takers: list[_Taker] = []

    def heard(self, path: str, layer: Layer, args: Args, kwargs: Kwargs, result: Nest) -> Nest:
        """Note the states of a call, and return its result as it is."""
        if not KERAS.is_recurrent(layer):
            return result
        values = [np.asarray(each) for each in tf.nest.flatten(result) if hasattr(each, "numpy")]
        inputs = [np.asarray(each) for each in tf.nest.flatten(args[:1]) if hasattr(each, "numpy")]
        name = path.rsplit("/", 1)[-1]
        if values and inputs and id(layer) not in self._names:
            self._names[id(layer)], self._flow[id(layer)] = name, (inputs[0], values[0])
            self._take(layer, name, KERAS.given_states(layer, args, kwargs))
        if KERAS.forward_layer(layer) is not None:
            inside = list(map(id, KERAS.children(layer)))
            self._made = [attrs.evolve(s, layer=layer) if id(s.part) in inside else s for s in self._made]
        kinds = KERAS.state_names(layer)
        for kind, state in zip(kinds, values[1:], strict=len(values) > 1 and bool(kinds)):
            self._made.append(_State(layer=layer, part=layer, kind=kind, values=state))
        return result

    def crossings(self) -> Iterator[tuple[StateCrossing, Frame | None]]:
        """Yield each crossing of states, with the user's line."""
        for taker in self.takers:
            if len(taker.sources) == 2 and (error := _error_of(*taker.sources)):
                maker = taker.sources[0][0].layer
                yield self._crossing(error, [taker], [maker]), taker.site
        takers = [taker for taker in self.takers if KERAS.forward_layer(taker.layer) is None]
        sources = [taker.sources[0][0].layer for taker in takers]
        order = sorted(sources, key=lambda maker: list(self._names).index(id(maker)))
        stacks = self._stacked([taker.layer for taker in takers]) and self._stacked(order)
        if len(set(map(id, sources))) == len(sources) and sources != order and stacks:
            yield self._crossing("other_layer", takers, sources), takers[0].site

    def _crossing(self, error: str, takers: list[_Taker], makers: list[Layer]) -> StateCrossing:
        names = tuple(self._names.get(id(maker), "") for maker in makers)
        return StateCrossing(error=error, layers=tuple(taker.name for taker in takers), sources=names)  # type: ignore[arg-type]

    def _take(self, layer: Layer, name: str, given: Nest) -> None:
        states = [np.asarray(each) for each in tf.nest.flatten(given) if hasattr(each, "numpy")]
        sources = tuple(self._sources(state) for state in states)
        if KERAS.state_names(layer) and sources and all(sources):
            site = self._tracker.site_of_call(layer)
            self.takers.append(_Taker(layer=layer, name=name, site=site, sources=sources))

    def _sources(self, values: Array) -> tuple[_State, ...]:
        """Return the one state that values are, or the two that are joined in them; nothing where that is not known."""
        if values.ndim != 2 or np.isin(values, _COMMON).all():
            return ()
        known = [state for state in self._made if not np.isin(state.values, _COMMON).all()]
        whole = [(state,) for state in known if np.array_equal(state.values, values)]
        pairs = [(one, two) for one in known for two in known if one is not two and _joined(one, two, values)]
        found = whole or pairs
        return found[0] if len({tuple((id(s.part), s.kind) for s in each) for each in found}) == 1 else ()

    def _stacked(self, layers: list[Layer]) -> bool:
        """Say whether each of some layers reads what the one before it gave."""
        flows = [self._flow[id(layer)] for layer in layers if id(layer) in self._flow]
        return len(flows) == len(layers) and all(np.array_equal(one[1], two[0]) for one, two in pairwise(flows))


def seen_wiring(built: ModelInstance, arrays: Arrays, forward: Callable[[], ForwardOutput]) -> Observed:
    """Return which states of a model are crossed; one that is not functional is run for that."""
    model, tracker = built.model, built.tracker
    found, takers = crossings(model, tracker), takers_of_states(model)
    recurrent = sum(map(KERAS.is_recurrent, KERAS.layers(model))) if KERAS.is_layer(model) else 2
    # Which state a decoder apart is given for which of its own is up to whoever calls it, which is fuzzseq here.
    apart = isinstance(model, EncoderDecoder)
    if recurrent > 1 and not apart and not KERAS.is_functional(model):
        lineage = StateLineage(tracker)
        with tracker.answering(lineage.heard):
            forward()
        found, takers = (*found, *lineage.crossings()), takers + len(lineage.takers)
    return Observed(arrays=arrays, crossings=found, takers_of_states=takers)


def _joined(one: _State, two: _State, values: Array) -> bool:
    if len(one.values) != len(values) or one.values.shape[1] + two.values.shape[1] != values.shape[1]:
        return False
    return np.array_equal(np.concatenate([one.values, two.values], axis=1), values)


def _error_of(h: tuple[_State, ...], c: tuple[_State, ...]) -> str:
    """Return what is wrong with the two states of an LSTM; empty for nothing."""
    kinds = "".join(sorted({state.kind for state in h}))
    if kinds == "c":
        return "c_as_h"
    if kinds == "ch":
        return "joined_as_h" if h[0].part is h[1].part else ""
    parts = [[id(state.part) for state in each] for each in (h, c)]
    turned = len(h) == 2 and parts[0] == parts[1][::-1] != parts[1] and {state.kind for state in c} == {"c"}
    return "joined_apart" if turned else ""
