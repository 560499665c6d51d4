"""Where the states of a functional model's recurrent layers come from, by the lineage of its symbolic tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from fuzzseq.protocol.evidence import StateCrossing
from fuzzseq.protocol.outcome import Frame
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Layer, Model, Tensor
from fuzzseq.worker.naming import stable_name
from fuzzseq.worker.parts import Part

#: A state: which recurrent layer made it, and whether it is its h, its c, or a join of one of each.
_Source = tuple[Layer, str]
_Miswired = Literal["c_as_h", "joined_as_h", "other_layer"]


def crossings(model: Model, tracker: Tracker) -> tuple[tuple[StateCrossing, Frame | None], ...]:
    """Return each crossing of states between recurrent layers of a model, with the user's line.

    Of an encoder and a decoder apart, for each state of the decoder that does not come back in its place.
    """
    if isinstance(model, EncoderDecoder):
        return tuple(_dropped(model.decoder, tracker)) if KERAS.is_functional(model.decoder) else ()
    if not KERAS.is_functional(model):
        return ()
    given: list[tuple[Layer, list[_Source]]] = []
    for layer in model.layers:
        states = KERAS.initial_states(layer)  # Of which h comes first, then c.
        origins = [origin for state in states if (origin := _origin(state))]
        if origins and len(origins) == len(states):
            given.append((layer, origins))

    def crossing(error: _Miswired, layers: Sequence[Layer], sources: Sequence[Layer]) -> StateCrossing:
        takers, makers = (tuple(stable_name(layer, model) for layer in each) for each in (layers, sources))
        return StateCrossing(error=error, layers=takers, sources=makers)

    found = [
        (crossing("c_as_h" if kind == "c" else "joined_as_h", [layer], [source]), layer)
        for layer, ((source, kind), *more) in given
        if len(more) == 1 and kind != "h"
    ]
    sources = [origins[0][0] for _, origins in given]
    order = [layer for layer in model.layers if any(layer is source for source in sources)]
    stacked = len(order) == len(sources) == len(set(map(id, sources)))  # A state for each layer, in another order.
    if not found and len(order) > 1 and stacked and sources != order:
        found.append((crossing("other_layer", [layer for layer, _ in given], sources), given[0][0]))
    return tuple((crossed, tracker.site_of(layer)) for crossed, layer in found)


def takers_of_states(model: Model) -> int:
    """Return how many recurrent layers of a functional model are given states whose lineage is known."""
    parts: tuple[Model, ...] = (model.encoder, model.decoder) if isinstance(model, EncoderDecoder) else (model,)
    layers = (layer for part in parts if KERAS.is_functional(part) for layer in part.layers)
    return sum(bool(KERAS.initial_states(layer)) for layer in layers)


def _dropped(decoder: Model, tracker: Tracker) -> Iterator[tuple[StateCrossing, Frame | None]]:
    roles = Part(decoder).signature.roles
    states = [tensor for tensor, role in zip(decoder.inputs, roles, strict=False) if role == "states"]
    for tensor, back in zip(states, decoder.outputs[1:], strict=False):
        for layer in decoder.layers:
            place = next((i for i, given in enumerate(KERAS.initial_states(layer)) if given is tensor), None)
            if place is None:
                continue
            origin = KERAS.origin(back)
            if origin is None or origin.operation is not layer or origin.index != place + 1:
                name = stable_name(layer, decoder)
                dropped = StateCrossing(error="not_returned", layers=(name,), sources=(tensor.name,))
                yield dropped, tracker.site_of(layer)


def _origin(tensor: Tensor) -> _Source | None:
    """Return where a state comes from; of a join, what all of its parts are, or a mixture of states of one layer."""
    origin = KERAS.origin(tensor)
    if origin is None:
        return None
    if KERAS.joins_states(origin.operation):
        joined = [_origin(part) for part in KERAS.inputs_of_calls(origin.operation)[origin.call]]
        there = [source for source in joined if source]
        if not there or len(there) < len(joined):
            return None
        layer, kind = there[0]
        if all(other == kind for _, other in there):
            return there[0]
        return (layer, "mixed") if all(other is layer for other, _ in there) else None
    forward = KERAS.forward_layer(origin.operation)  # Forward h and c come before backward h and c.
    states = KERAS.state_names(origin.operation) if forward is None else KERAS.state_names(forward) or "h"
    return (origin.operation, states[(origin.index - 1) % len(states)]) if states and origin.index else None
