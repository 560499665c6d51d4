"""What a model says of itself beside its code: the shapes of its inputs, its special tokens, its vocabularies.

Libraries of pretrained models give every model an ``input_signature`` and a ``config`` with the same names in it. These
are read wherever they are, whoever made the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import tensorflow as tf

from fuzzseq.targets.contract import Side
from fuzzseq.worker.keras_api.objects import Model
from fuzzseq.worker.variables import every_layer

#: The fields of a config that hold the id of a special token, the first that has one before the others.
_TOKENS: Final[Mapping[str, tuple[str, ...]]] = {
    "pad": ("pad_token_id",),
    "start": ("decoder_start_token_id", "bos_token_id"),
    "end": ("eos_token_id",),
}
#: The fields that hold the rows of a side's table; a part of the model may have a config of its own, by its name.
_VOCABULARIES: Final[Mapping[Side, tuple[str, ...]]] = {
    "source": ("encoder", "src_vocab_size", "vocab_size"),
    "target": ("decoder", "tgt_vocab_size", "decoder_vocab_size", "vocab_size"),
}


def input_specs(model: Model) -> dict[str, tf.TensorSpec]:
    """Return the shapes and types that a model states of its inputs, by name; nothing where it states none."""
    stated = _attribute(model, "input_signature")
    specs = stated.items() if isinstance(stated, Mapping) else ()
    return {str(name): spec for name, spec in specs if isinstance(spec, tf.TensorSpec) and spec.shape.rank is not None}


def special_tokens(model: Model) -> dict[str, int]:
    """Return the ids of the special tokens that a model's config names: of ``pad``, ``start`` and ``end``."""
    configs = [config for owner in (model, *every_layer(model)) if (config := _attribute(owner, "config")) is not None]
    found = {
        token: next((id_ for name in names for config in configs if (id_ := _number(config, name)) is not None), None)
        for token, names in _TOKENS.items()
    }
    # An id for the end of a sentence alone may be anything's; who pads says so.
    return {token: id_ for token, id_ in found.items() if id_ is not None} if found["pad"] is not None else {}


def vocabulary(model: Model, side: Side) -> int | None:
    """Return how many ids a side of a model knows, as its config says; None where it does not."""
    config = _attribute(model, "config")
    sizes: Iterator[int | None] = (
        _number(_attribute(config, name), "vocab_size") if name in ("encoder", "decoder") else _number(config, name)
        for name in _VOCABULARIES[side]
    )
    return next((size for size in sizes if size), None)


def _attribute(owner: object, name: str) -> Model:
    """Return an attribute; None where there is none, or it raises, as a property of the user's own may."""
    try:
        return getattr(owner, name, None)
    except Exception:  # whatever a property raises
        return None


def _number(config: object, name: str) -> int | None:
    """Return a whole number of 0 or more that a config, an object or a dict, has under a name."""
    value = config.get(name) if isinstance(config, Mapping) else _attribute(config, name)
    return value if type(value) is int and value >= 0 else None
