"""An encoder or a decoder apart: what it is given, in which order, and the structure of its states."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

import tensorflow as tf

from fuzzseq.reproduce.runtime import one_or_all
from fuzzseq.targets.part_calls import PartCall, PartRole
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model, Nest, Tensor

#: The names that parameters and inputs of an encoder or a decoder go by, for what takes neither masks nor lengths.
_NAMES: Mapping[PartRole, tuple[str, ...]] = {
    "memory": ("enc_out", "encoder_out", "memory", "context", "values", "encoded", "enc_seq", "encoder_seq"),
    "states": ("state", "hidden", "initial_state", "carry", "h", "c", "h0", "c0", "cell"),
}


def part_role(name: str) -> PartRole | None:
    """Return what a parameter of an encoder or a decoder is, by its name; None for the tokens."""
    lowered = name.lower()
    if lowered.endswith("mask"):
        return "source_mask"
    if "length" in lowered or lowered.endswith("_len"):
        return "source_length"
    for role, words in _NAMES.items():
        if lowered in words or any(len(word) > 2 and word in lowered for word in words):
            return role
    return None


class Part:
    """An encoder or a decoder, and the order in which it takes what it is given."""

    def __init__(self, model: Function, context: int | None = None) -> None:
        self._model: Model = model
        inputs = getattr(model, "inputs", None) if KERAS.is_functional(model) else None
        arguments: dict[str, PartRole] = {} if inputs else _argument_roles(model)
        roles: list[PartRole] = ["tokens"] if inputs else list(arguments.values())
        roles += [
            # A recurrent state is of rank 2, however an input of rank 3 is called.
            role
            if role is not None and (role != "states" or len(tensor.shape) != 3)
            else ("memory" if len(tensor.shape) == 3 else "states")
            for tensor in (inputs or ())[1:]
            for role in [part_role(str(tensor.name))]
        ]
        #: How it is called, as a script that reproduces a finding writes it out.
        self.signature = PartCall(
            roles=tuple(roles),
            # A plain function takes None by position like anything else.
            names=tuple(filter(None, arguments)) if KERAS.is_layer(model) else (),
            functional=bool(inputs),
            takes_training=takes_training(model),
            context=context,
        )
        self.traced = False
        #: The states as an encoder gave them, where they are no flat list.
        self.structure: Nest = None
        self._graph = tf.function(model, reduce_retracing=True)

    def call(self, given: Mapping[str, Nest], training: bool | None) -> Nest:
        """Call the model with what it takes of ``given``."""
        extra = {"training": training} if self.signature.takes_training and training is not None else {}
        states = list(given.get("states") or [])
        values: list[Nest] = []
        for role in self.signature.roles:
            if role != "states":
                values.append(given.get(role))
            elif self.signature.functional:
                values.append(states.pop(0))
            else:
                values.append(self._states(states))
        called = self._graph if self.traced else self._model
        if self.signature.functional:
            return called(values[0] if len(values) == 1 else values, **extra)
        # Keras 3.3 takes None by its name alone. Left out, it would make a call with fewer arguments, and TensorFlow
        # cannot generalize the traces of both.
        absent = next((at for at, value in enumerate(values) if value is None), len(values))
        named = dict(zip(self.signature.names[absent:], values[absent:], strict=False))
        return called(*values[: len(values) - len(named)], **named, **extra)

    def _states(self, states: list[Tensor]) -> Nest:
        """Return the states for one argument: all of them, or its share where there are several arguments for them."""
        count = self.signature.roles.count("states")
        if count > 1:
            return states.pop(0) if states else None
        structure = self.structure
        nested = isinstance(structure, Mapping) or hasattr(structure, "_fields")  # Names, or lists of lists.
        nested = nested or (isinstance(structure, list | tuple) and not all(map(is_array, structure)))
        if nested and len(tf.nest.flatten(structure)) == len(states):
            return tf.nest.pack_sequence_as(structure, states)
        return one_or_all(states)


def context_place(encoder: Function, decoder: Function) -> int | None:
    """Return which of an encoder's outputs is the context vector of its decoder; None where that takes none.

    Both are functional, and the decoder has an input of rank 2 that is no state. Of what the encoder gives of rank 2 it
    is the first that no recurrent layer gave as a state; else that which stands where the decoder takes it.
    """
    inputs = getattr(decoder, "inputs", None) if KERAS.is_functional(encoder) and KERAS.is_functional(decoder) else None
    roles = Part(decoder).signature.roles if inputs else ()
    flat = [(role, len(tensor.shape)) for role, tensor in zip(roles, inputs or (), strict=False)]
    vectors = [role for role, rank in flat[1:] if rank == 2 and role in ("states", "memory")]
    if "memory" not in vectors:
        return None
    outputs = list(getattr(encoder, "outputs", None) or ())
    given = [place for place, tensor in enumerate(outputs) if len(tensor.shape) == 2]
    origins = {place: KERAS.origin(outputs[place]) for place in given}
    others = [
        place for place, found in origins.items() if not (found and found.index and KERAS.state_names(found.operation))
    ]
    if others and len(given) - 1 >= vectors.count("states"):
        return others[0]
    in_order = vectors.index("memory")
    return given[in_order] if in_order < len(given) else next(iter(given), None)


def _argument_roles(model: Model) -> dict[str, PartRole]:
    """Return what each positional parameter of a callable is, by its name; where that does not say it, by its place."""
    named: dict[str, PartRole | None] = {}
    for name, parameter in inspect.signature(KERAS.call_of(model)).parameters.items():
        if name == "training" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        required = parameter.default is parameter.empty
        role = part_role(name) if required or parameter.default is None else None
        if role is None and not required:
            break  # A setting of the user's own, and whatever comes after it.
        named[name] = role
    if None not in named.values():
        first = next(iter(named), "")  # Empty where it takes whatever it is given.
        return {first: "tokens", **{name: role for name, role in named.items() if role and name != first}}
    unnamed: tuple[PartRole, ...] = ("states", "memory")
    others = (role for role in unnamed if role not in named.values())
    missing: Iterator[PartRole] = iter(("tokens", *others, *reversed(unnamed)))
    return {name: next(missing) if role is None else role for name, role in named.items()}


def takes_training(model: Model) -> bool:
    """Say whether calling a model takes the keyword ``training``."""
    if KERAS.is_layer(model):
        return "training" in inspect.signature(model.call).parameters or KERAS.is_functional(model)
    try:
        return "training" in inspect.signature(model).parameters
    except (TypeError, ValueError):
        return False


def is_array(value: object) -> bool:
    """Say whether a value is a tensor, or an array."""
    return bool(tf.is_tensor(value) or hasattr(value, "shape"))
