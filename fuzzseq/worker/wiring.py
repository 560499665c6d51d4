"""Where the states of a functional model's recurrent layers come from, by the lineage of its symbolic tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from fuzzseq.protocol.evidence import StateCrossing
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.naming import stable_name
from fuzzseq.worker.parts import Part, is_functional
from fuzzseq.worker.tracking import TRACKER

#: A state: which recurrent layer made it, and whether it is its h, its c, or a join of one of each.
Origin = tuple[Any, str]


def crossings(model: Any) -> tuple[tuple[StateCrossing, Any], ...]:
    """Return each crossing of states between recurrent layers of a model, with the user's line.

    Of an encoder and a decoder apart, for each state of the decoder that does not come back in its place.
    """
    if isinstance(model, EncoderDecoder):
        return tuple(_dropped(model.decoder)) if is_functional(model.decoder) else ()
    if not is_functional(model):
        return ()
    given = [(layer, origins) for layer in model.layers if (origins := _given(layer))]
    found = [
        (
            StateCrossing(
                error="c_as_h" if kind == "c" else "joined_as_h",
                layers=(stable_name(layer, model),),
                sources=(stable_name(source, model),),
            ),
            layer,
        )
        for layer, ((source, kind), *more) in given
        if len(more) == 1 and kind != "h"
    ]
    sources = [origins[0][0] for _, origins in given]
    order = [layer for layer in model.layers if any(layer is source for source in sources)]
    if not found and len(order) > 1 and len(order) == len(sources) and sources != order and _stacked(sources, order):
        crossing = StateCrossing(
            error="other_layer",
            layers=tuple(stable_name(layer, model) for layer, _ in given),
            sources=tuple(stable_name(source, model) for source in sources),
        )
        found.append((crossing, given[0][0]))
    return tuple((crossing, TRACKER.site_of(layer)) for crossing, layer in found)


def takers_of_states(model: Any) -> int:
    """Return how many recurrent layers of a functional model are given states whose lineage is known."""
    parts: tuple[Any, ...] = (model.encoder, model.decoder) if isinstance(model, EncoderDecoder) else (model,)
    return sum(bool(_states(layer)) for part in parts if is_functional(part) for layer in part.layers)


def _dropped(decoder: Any) -> Iterator[tuple[StateCrossing, Any]]:
    """Yield each state of a decoder that its next step is not given, with the user's line."""
    states = [tensor for tensor, role in zip(decoder.inputs, Part(decoder).roles, strict=False) if role == "states"]
    for tensor, back in zip(states, decoder.outputs[1:], strict=False):
        for layer in decoder.layers:
            place = next((i for i, given in enumerate(_states(layer)) if given is tensor), None)
            if place is None:
                continue
            history = back._keras_history
            if history.operation is not layer or history.tensor_index != place + 1:
                name = stable_name(layer, decoder)
                crossing = StateCrossing(error="not_returned", layers=(name,), sources=(tensor.name,))
                yield crossing, TRACKER.site_of(layer)


def _stacked(sources: list[Any], order: list[Any]) -> bool:
    """Say whether each source is there once: a state for each layer, in another order."""
    return len({id(source) for source in sources}) == len(order)


def _given(layer: Any) -> list[Origin]:
    """Return the origins of the states that a recurrent layer is given: h first, then c; empty where it is unknown."""
    states = _states(layer)
    found = [origin for state in states if (origin := _origin(state))]
    return found if len(found) == len(states) else []


def _states(layer: Any) -> list[Any]:
    """Return the symbolic states that a recurrent layer is given."""
    if not isinstance(layer, keras.layers.LSTM | keras.layers.GRU) or not layer._inbound_nodes:
        return []
    arguments = layer._inbound_nodes[-1].arguments
    states = arguments.kwargs.get("initial_state")
    states = arguments.args[1:] if states is None else states
    return [states] if isinstance(states, keras.KerasTensor) else list(states or ())


def _origin(tensor: Any) -> Origin | None:
    """Return where a state comes from, through joins of two directions; None where nothing tells."""
    if not isinstance(tensor, keras.KerasTensor):
        return None
    history = tensor._keras_history
    operation, index = history.operation, history.tensor_index
    if isinstance(operation, keras.layers.LSTM):
        return (operation, "hc"[index - 1]) if index else None
    if isinstance(operation, keras.layers.GRU):
        return (operation, "h") if index else None
    if isinstance(operation, keras.layers.Bidirectional):
        return (operation, _direction_state(operation, index)) if index else None
    if isinstance(operation, keras.layers.Concatenate | keras.layers.Identity | keras.layers.Dropout):
        return _agreed(list(_inputs(operation, history.node_index)))
    return None


def _direction_state(layer: Any, index: int) -> str:
    """Return which state an output of a bidirectional layer is: forward h and c, then backward h and c."""
    return "hc"[(index - 1) % 2] if isinstance(layer.forward_layer, keras.layers.LSTM) else "h"


def _inputs(operation: Any, node: int) -> Iterator[Origin | None]:
    """Yield the origins of an operation's inputs."""
    for tensor in operation._inbound_nodes[node].input_tensors:
        yield _origin(tensor)


def _agreed(origins: list[Origin | None]) -> Origin | None:
    """Return the origin of a join: what all of its parts are, or a mixture of states of one layer."""
    there = [origin for origin in origins if origin]
    if not there or len(there) < len(origins):
        return None
    kinds = {kind for _, kind in there}
    if len(kinds) == 1:
        return there[0]
    return (there[0][0], "mixed") if all(source is there[0][0] for source, _ in there) else None
