"""Which input of a model is what: by name where it has a known one, else by position."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import attrs
import tensorflow as tf

from fuzzseq.errors import SpecError, nearest
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.inputs import ROLES, Input
from fuzzseq.worker.argument_parts import taken_apart
from fuzzseq.worker.build import flat_inputs
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model
from fuzzseq.worker.parts import Part
from fuzzseq.worker.refusals import parameters_of, refuse_input
from fuzzseq.worker.stated import input_specs

Calling = Literal["single", "list", "tuple", "dict", "arguments", "steps"]

_TARGET: Final = re.compile(
    r"(^|_)(dec|decoder|decode|target|targets|tgt|trg|targ|tar|output|outputs|teacher|answer|summary|reply|response|y|out|prev)(_|$|\d)"
)
_SOURCE: Final = re.compile(
    r"(^|_)(enc|encoder|source|sources|src|context|input|inputs|x|article|document|question|text|tokens|ids|token|features|inp)(_|$|\d)"
)
_MASK: Final = re.compile(r"(^|_)(mask|masks)(_|$)|mask$")
_LENGTH: Final = re.compile(r"(^|_)(len|lens|length|lengths|seq_len|seqlen)(_|$)")
_STATE: Final = re.compile(r"(^|_)(state|states|hidden|carry|h|c|h0|c0|s0|cell)(_|$|\d)")
_ENCODER: Final = re.compile(r"(^|_)(enc|encoder|source|src)(_|$)")
_LABELS: Final = re.compile(
    r"(^|_)(label|labels|y_true|targets?_out|(dec|decoder|target|tgt)_(outputs?|real|y|labels|targets?))(_|$)"
)
_FEATURES: Final = re.compile(r"(^|_)(sequence_outputs?|hidden_states?|features|encoded|embeddings?)$")

#: Inputs that are known and that no batch of ids can fill: masks of heads or between steps, positions, segments,
#: caches, embedded ids, settings.
_OTHER: Final = re.compile(
    r"(^|_)(look_?ahead|causal|combined|subsequent|head|layer_head|cross_attn_head)_mask$|(^|_)(position|positions|pos|segment|"
    r"segments|type)(_ids?|_input)?s?$|(^|_)embeds$|^embedded_inputs?$|(^|_)(past|cache|caches|past_key_values|labels|step|memory_mask)(_|$)|"
    r"^(use|return)_|^output_(attentions|hidden_states)$|^encoder_outputs?$"
)


@attrs.frozen(kw_only=True)
class Slot:
    """One input of a model as the model states it."""

    name: str
    key: str | None = None
    rank: int | None = None
    dtype: str | None = None
    optional: bool = False
    steps_last: bool = False


def match(slots: Sequence[Slot], declared: Mapping[str, str]) -> tuple[Input, ...]:
    """Return the role of every input; raises :class:`SpecError` for one that nobody knows how to feed."""
    names = [name for slot in slots for name in dict.fromkeys((slot.name, slot.key)) if name]
    for name in declared:
        if name not in names:
            raise SpecError(
                f"inputs names {name!r}, and the model has no such input.{nearest(name, names)} "
                f"Its inputs: {', '.join(dict.fromkeys(names))}."
            )
    roles = [_declared(slot, declared) or _named(slot) for slot in slots]
    for index, role in enumerate(roles):
        if role in ("source", "decoder_input") and role in roles[:index] and not _declared(slots[index], declared):
            roles[index] = None  # The first of two that read alike keeps its role; the other goes by its position.
    for index, slot in enumerate(slots):
        if roles[index] is None and not slot.optional:
            roles[index] = _by_position(roles, slot, slots)
    # A lone decoder's masks and lengths are of its own side.
    one_sided = not declared and not any(role and role.removeprefix("~") == "source" for role in roles)
    inputs = []
    for slot, role in zip(slots, roles, strict=True):
        if role is None:
            continue
        plain = role.removeprefix("~")
        refuse_input(slot.name, plain, slot.rank, slot.dtype)
        inputs.append(
            Input(
                role=plain.replace("source_", "target_") if one_sided else plain,
                key=slot.key,
                rank=slot.rank,
                dtype=slot.dtype,
                steps_last=slot.steps_last,
                inverted=role.startswith("~"),
                required=plain == "state" and not slot.optional,
            )
        )
    return tuple(inputs)


def _declared(slot: Slot, declared: Mapping[str, str]) -> str | None:
    return declared.get(slot.name) or (declared.get(slot.key) if slot.key else None)


def _named(slot: Slot) -> str | None:
    """Return the role that an input's name, rank and type show; None where they do not."""
    name = _snake(slot.name)
    if name in ROLES and name not in ("state", "labels"):
        return name
    if _is_other(slot):
        return None
    side = "target" if _TARGET.search(name) and not names_encoder(name) else "source"
    if _MASK.search(name):
        return f"{side}_mask"
    if _LENGTH.search(name):
        return f"{side}_length"
    # "hidden" and "state" also occur in "hidden_states", which a cross-attention is given; those have rank 3.
    if _STATE.search(name) and slot.rank == 3:
        return "source"
    if _STATE.search(name) and slot.rank in (None, 2) and (slot.dtype is None or "float" in slot.dtype):
        return "state"
    if name.startswith(("keras_tensor", "input_layer")) or re.fullmatch(r"(input|arg|x|inputs)_?\d*", name):
        return None
    if _TARGET.search(name) and not names_encoder(name):
        return "decoder_input"
    return "source" if _SOURCE.search(name) else None


def role_named(name: str) -> str | None:
    """Return the role that a name alone shows; None where it does not."""
    return _named(Slot(name=name))


def names_labels(name: str) -> bool:
    """Say whether the name of a part of a training batch says that it is its labels."""
    return bool(_LABELS.search(_snake(name)))


def names_features(name: str) -> bool:
    """Say whether the name of an output says that it is features, and no scores of tokens."""
    return bool(_FEATURES.search(_snake(name)))


def names_encoder(name: str) -> bool:
    """Say whether the name of an input or an output says that it is the encoder's."""
    return bool(_ENCODER.search(_snake(name)))


def _snake(name: str) -> str:
    """Return a name in lower case with its words apart: ``encoderInput`` is ``encoder_input``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _is_other(slot: Slot) -> bool:
    """Say whether an input is known to be something that is not fed; of rank 3, ``encoder_outputs`` is the source."""
    return bool(_OTHER.search(_snake(slot.name))) and slot.rank != 3


def _by_position(roles: Sequence[str | None], slot: Slot, slots: Sequence[Slot]) -> str:
    """Return the role of an input without a known name: the source, then the decoder's tokens; states by shape."""
    if slot.rank == 2 and slot.dtype and "float" in slot.dtype and "source" in roles and len(slots) > 2:
        return "state"
    for role in ("source", "decoder_input"):
        if role not in roles and not (role == "decoder_input" and "labels" in roles) and not _is_other(slot):
            return role
    raise SpecError(
        f"The model takes an input {slot.name!r} that nobody knows how to feed: its name, rank {slot.rank} and type "
        f"{slot.dtype} do not tell what it is. If it is one of {', '.join(ROLES)}, say so: "
        f"@fuzz_target(inputs={{{slot.name!r}: '...'}}). If it is none, return a function that calls the model with it."
    )


def inputs_of(model: Model, declared: Mapping[str, str]) -> tuple[Calling, tuple[Input, ...]]:
    """Return how a model is called, and what its inputs are."""
    if isinstance(model, EncoderDecoder):
        encoder, decoder = (Part(part).signature.roles for part in (model.encoder, model.decoder))
        states = (Input(role="state"),) if "states" in encoder else ()
        masks = (Input(role=role) for role in sorted({*encoder, *decoder} & {"source_mask", "source_length"}))
        return "steps", (Input(role="source"), Input(role="decoder_input"), *masks, *states)
    if KERAS.is_functional(model) and flat_inputs(model):
        structure = KERAS.input_structure(model)
        named = isinstance(structure, Mapping)
        keys = list(structure) if named else [None] * len(flat_inputs(model))
        slots = []
        for key, tensor in zip(keys, flat_inputs(model), strict=True):
            kind = tf.as_dtype(tensor.dtype).name
            slot = Slot(name=str(key or tensor.name), key=key, rank=len(tensor.shape), dtype=kind)
            untyped = attrs.evolve(slot, dtype=None)
            # Keras gives float32 to an input of no stated type, token ids among them.
            is_default = slot.dtype == "float32" and slot.rank == 2
            slots.append(untyped if is_default and _named(untyped) in ("source", "decoder_input", None) else slot)
        calling: Calling = "dict" if named else "list" if isinstance(structure, list | tuple) else "single"
        return calling, match(slots, declared)
    return _callable(KERAS.call_of(model), declared, input_specs(model))


def _callable(
    call: Function, declared: Mapping[str, str], specs: Mapping[str, tf.TensorSpec]
) -> tuple[Calling, tuple[Input, ...]]:
    """Return the inputs of a subclassed model or a plain callable, read off its parameters.

    What the model states of them itself are their ``specs``.
    """
    slots = []
    for name, parameter in parameters_of(call, "The model").items():
        if name in ("training", "self") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        optional = parameter.default is not parameter.empty
        if name not in declared and (
            isinstance(parameter.default, bool | int | float | str) or (name == "mask" and optional)
        ):
            continue  # A setting is no tensor, and Keras fills the mask itself.
        slot = Slot(name=name, key=name, optional=optional)
        if (spec := specs.get(name)) is not None:
            shape = spec.shape.as_list()
            # A known width before the steps is one.
            steps_last = spec.dtype.is_floating and len(shape) == 3 and shape[1] is not None and shape[2] is None
            slot = attrs.evolve(slot, rank=len(shape), dtype=spec.dtype.name, steps_last=steps_last)
        slots.append(slot)
    if specs and all(slot.optional for slot in slots):
        # Keras sorts whatever such a call is given, one dict as well, to what its signature names.
        code = getattr(getattr(call, "__func__", call), "__code__", None)
        if code is not None and code.co_argcount <= 1 < len(inspect.signature(call).parameters):
            return "dict", match(slots, declared)
    if sum(not slot.optional for slot in slots) == 1:
        return _packed(call, slots, declared)
    return "arguments", match(slots, declared)


def _packed(call: Function, slots: list[Slot], declared: Mapping[str, str]) -> tuple[Calling, tuple[Input, ...]]:
    """Return the inputs of a callable with one argument: one tensor, or what its own code takes it apart to."""
    first = next(slot for slot in slots if not slot.optional)
    parts = taken_apart(call, first.name)
    keys = [key for key in parts.keys if not (key in parts.asked and _is_other(Slot(name=key)))]
    names = list(parts.names)
    if keys or (declared and not names and first.name not in declared):
        keys += [key for key in declared if key not in (*keys, first.name)]
        return "dict", match([Slot(name=key, key=key) for key in keys], declared)
    if names:
        return "tuple", match([Slot(name=name) for name in names], declared)
    others = [slot for slot in slots if slot is not first and _named(slot)]
    if others:
        return "arguments", match([first, *others], declared)
    return "single", match([attrs.evolve(first, key=None)], declared)
