"""Probes of inputs that hold no ids: sentences over the words of a vocabulary, and rows of one-hot vectors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Final

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import Contract, Side
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.input_forms import InputForms, Text, TextForm
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.first_look import look
from fuzzseq.worker.inspection import Inspection, build_or_refusal
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Layer, Model
from fuzzseq.worker.series_probes import following
from fuzzseq.worker.sizes import stated_shapes
from fuzzseq.worker.variables import every_layer

#: Inputs that are rows of a side.
_SIDES: Final[Mapping[str, Side]] = {"source": "source", "decoder_input": "target", "labels": "target"}
#: What no vocabulary is likely to have; the first that is one token, and that none has, stands for unknown words.
_UNKNOWN: Final = ("na\u00efve", "\u00e7a", "\u00ef", "qwyx", "q")
#: How many words of a large vocabulary are drawn: the first, and the last.
_FIRST, _LAST = 48, 16
#: How vocabularies call the words that a row begins and ends with.
_STARTS: Final = frozenset({"[start]", "<start>", "<s>", "[sos]", "<sos>", "[bos]", "<bos>", "startseq"})
_ENDS: Final = frozenset({"[end]", "<end>", "</s>", "[eos]", "<eos>", "endseq"})
_OTHERS: Final = frozenset({"", "[pad]", "<pad>", "[mask]", "<mask>"})
#: What tells the sides apart where each has a vocabulary of its own.
_TRIAL: Final[Mapping[Side, Text]] = {
    "source": Text(ids=(3,), words=("fuzzsource",)),
    "target": Text(ids=(3,), words=("fuzztarget",)),
}


def text(seen: Inspection) -> Inspection:
    """Read which inputs take strings off their types, and the words of these off the layers that look them up.

    Of a model that states no types, the user says it. Raises :class:`SpecError` where no vocabulary can be read.
    """
    name, declared = seen.built.target.name, seen.built.target.option("text")
    asked = () if not declared else ("source", "target") if declared is True else (declared,)
    forms = _stated_forms(seen)
    unstated = [_SIDES[item.role] for item in seen.spec.contract.inputs if item.role in _SIDES and item.dtype is None]
    if seen.built.target.option("preprocess") is not None and "source" in asked:
        unstated, forms = ["source"], {}
    forms |= {side: "sentences" for side in unstated if side in asked}
    if not forms and declared:
        raise SpecError(f"text={declared!r} is declared for {name}, and its model takes no strings: leave it out.")
    if not forms:
        return seen
    found = _with_text(seen, forms)
    if declared is True and forms.keys() == {"source", "target"} and "target" in unstated and seen.may_call:
        built = build_or_refusal(seen.built.target, found.spec, seen.sizes, seen.built.subject.mark)
        tried = attrs.evolve(found, built=built) if isinstance(built, ModelInstance) else found
        if look(tried.built, tried.spec, tried.guess).error is not None:
            return _with_text(seen, {"source": forms["source"]})  # Its decoder reads ids.
    return found


def _stated_forms(seen: Inspection) -> dict[Side, TextForm]:
    """Return the form of each side whose input is of strings, as the model states it."""
    contract, forms = seen.spec.contract, dict[Side, TextForm]()
    shapes = stated_shapes(seen.model, contract)
    for place, item in enumerate(contract.inputs):
        if item.role in _SIDES and item.dtype == "string":
            shape = shapes[place] if place < len(shapes) else ()
            wide = "column" if len(shape) == 2 and shape[1] == 1 else "words"
            forms[_SIDES[item.role]] = "sentences" if item.rank != 2 else wide  # type: ignore[assignment]
    return forms


def _with_text(seen: Inspection, forms: Mapping[Side, TextForm]) -> Inspection:
    """Return the inspection with the words of some sides."""
    contract, name = seen.spec.contract, seen.built.target.name
    tables = _tables(seen, forms)
    texts, dimensions, static = dict[str, Text](), dict(contract.dimensions), list(contract.static)
    tokens, notes = contract.tokens, list[str]()
    named = {p.dimension for p in contract.parameters}
    for side, form in forms.items():
        layer = tables[side]
        made = _text_of(layer, form)
        kind_of = type(layer).__name__
        if not made.ordinary:
            raise SpecError(
                f"The {kind_of} that takes the {side} of {name} knows no words: adapt it in the factory, or "
                "give it a vocabulary."
            )
        texts[side] = made
        words = KERAS.vocabulary(layer)
        attrs_of_side = attrs.evolve(contract, dimensions=dimensions)
        vocabulary = attrs_of_side.vocabulary(side)
        if vocabulary is not None and vocabulary not in {*named, *dimensions}:
            dimensions[vocabulary] = dim(len(words))
        steps = layer.get_config().get("output_sequence_length")
        length = f"{side}_length"
        if steps and form != "words" and length not in named and length not in contract.dimensions:
            dimensions[length] = dim(int(steps))
            static.append(length)
        if side == "target" and "tokens" not in seen.spec.traits.origins:
            marks = [next((i for i, w in enumerate(words) if w.lower() in known), None) for known in (_STARTS, _ENDS)]
            tokens = attrs.evolve(tokens, start=marks[0], end=marks[1])
        notes.append(f"its {side} is given as {_FORMS[form]} over the words of its {kind_of}")
    return seen.read_off(
        contract={
            "forms": attrs.evolve(contract.forms, text=texts),
            "dimensions": dimensions,
            "static": tuple(dict.fromkeys(static)),
            "tokens": tokens,
        },
        inferred=["text"] if "text" not in seen.spec.traits.origins else [],
        notes=notes,
    )


_FORMS: Final[Mapping[TextForm, str]] = {
    "sentences": "sentences, (batch,),",
    "column": "sentences, (batch, 1),",
    "words": "words, (batch, steps),",
}


def _tables(seen: Inspection, sides: Mapping[Side, TextForm]) -> dict[Side, Model]:
    """Return the layer that looks up the words of each side; raises :class:`SpecError` where none can be told."""
    name = seen.built.target.name
    layers: list[Model] = [
        layer for layer in (*every_layer(seen.model), *_named_by_preprocess(seen)) if KERAS.vocabulary(layer)
    ]
    if not layers:
        raise SpecError(
            f"The model of {name} takes strings, and the words that fuzzseq would make sentences of cannot be read: "
            "none of its layers is a TextVectorization or a StringLookup. Return the model that takes their ids."
        )
    if len({tuple(KERAS.vocabulary(layer)) for layer in layers}) == 1:
        return dict.fromkeys(sides, layers[0])
    trial = InputForms(text={side: attrs.evolve(_TRIAL[side], form=form) for side, form in sides.items()})
    tried = seen.read_off(contract={"forms": trial})
    calls = look(seen.built, tried.spec, tried.guess).strings if seen.may_call else ()
    asked = [(side, layer) for side in sides for layer, strings in calls if _TRIAL[side].words[0] in strings]
    given: dict[Side, Model] = {side: layer for side, layer in reversed(asked) if layer in layers}
    if given.keys() != sides.keys():
        missing = next(side for side in sides if side not in given)
        raise SpecError(
            f"The model of {name} looks words up in several vocabularies, and that of its {missing} cannot be told: "
            "return the model that takes their ids."
        )
    return given


def _named_by_preprocess(seen: Inspection) -> Iterator[Layer]:
    """Yield the layers that the user's own preprocessing names."""
    function = seen.built.target.option("preprocess")
    if not isinstance(function, FunctionType):
        return
    known = inspect.getclosurevars(function)
    for value in (*known.globals.values(), *known.nonlocals.values()):
        yield from [value] if KERAS.is_layer(value) else ()


def _text_of(layer: Model, form: TextForm) -> Text:
    """Return the words of a layer that are one token each, and one that it does not know."""
    words, config = KERAS.vocabulary(layer), layer.get_config()
    separator = "" if config.get("split") == "character" else " "
    oov = config.get("oov_token", "[UNK]")
    unknown = words.index(oov) if oov in words and config.get("num_oov_indices", 1) else None
    special = {word for word in words if word.lower() in (*_STARTS, *_ENDS, *_OTHERS)} | {config.get("mask_token"), oov}
    count = len(words)
    drawn = [i for i in range(count) if i < _FIRST or i >= count - _LAST or words[i] in special]
    pairs = [(i, words[i]) for i in drawn if words[i] and i != unknown and not any(map(str.isspace, words[i]))]
    if pairs and config.get("output_mode", "int") == "int" and not config.get("ngrams"):
        pairs = [(i, word) for i, word in pairs if word in special or _ids(layer, word) == [i]]
        news = (word for word in _UNKNOWN if word not in words and unknown is not None)
        new = next((word for word in news if _ids(layer, word) == [unknown]), None)
        if new is not None and unknown is not None:
            pairs = sorted([*pairs, (unknown, new)])
        else:
            unknown = None
    else:
        unknown = None
    return Text(
        ids=tuple(i for i, _ in pairs),
        words=tuple(word for _, word in pairs),
        unknown=unknown,
        special=tuple(i for i, word in pairs if word in special),
        separator=separator,
        form=form,
        pad=config.get("mask_token") or "",
    )


def _ids(layer: Model, word: str) -> list[int]:
    """Return the ids that a layer finds for a word, its padding left out."""
    found = layer(tf.constant([word]))
    found = found.to_tensor() if isinstance(found, tf.RaggedTensor) else found
    ids = [int(i) for i in np.ravel(np.asarray(found))]
    while len(ids) > 1 and ids[-1] == 0:
        ids.pop()
    return ids


def one_hot(seen: Inspection) -> Inspection:
    """Read which inputs take one-hot rows: they are as wide as a vocabulary that is a parameter, or as the scores.

    Of a model that states no shapes, the user says it.
    """
    contract, declared = seen.spec.contract, seen.built.target.option("one_hot")
    asked = () if not declared else ("source", "target") if declared is True else (declared,)
    shapes, widths = stated_shapes(seen.model, contract), dict[Side, int]()
    sides: list[Side] = []
    for place, item in enumerate(contract.inputs):
        side = _SIDES.get(item.role)
        if side is None or (declared is not None and side not in asked) or item.dtype == "string":
            continue
        if item.rank == 3 and place < len(shapes) and shapes[place][2]:
            widths[side] = int(shapes[place][2] or 0)
            if side in asked or _follows_vocabulary(seen, side, place, widths[side]):
                sides.append(side)
        elif side in asked and item.rank in (None, 3):
            sides.append(side)
    if "target" in widths and declared is None and "target" not in sides:
        # A decoder that reads rows as wide as the scores of classes, which the model gives.
        outputs = (getattr(seen.model, "outputs", None) or ()) if KERAS.is_functional(seen.model) else ()
        wide = any(len(each.shape) == 3 and each.shape[2] == widths["target"] > 1 for each in outputs)
        sides = list(widths) if wide and _is_categorical(seen) else sides
    if not sides:
        if declared:
            name = seen.built.target.name
            raise SpecError(f"one_hot={declared!r} is declared for {name}, and its inputs have no rank of 3.")
        return seen
    return _with_one_hot(seen, sides, widths)


def _follows_vocabulary(seen: Inspection, side: Side, place: int, width: int) -> bool:
    """Say whether the width of an input is the vocabulary that its side is drawn from, in another build too."""
    contract = attrs.evolve(seen.spec.contract, float_source=False)
    name = contract.vocabulary(side)
    if name not in {p.dimension for p in contract.parameters}:
        return False

    def width_in(built: ModelInstance, _: Mapping[str, int]) -> int | None:
        return stated_shapes(built.model, contract)[place][2]

    return following(seen, width, width_in) == name


def _is_categorical(seen: Inspection) -> bool:
    """Say whether the loss takes one-hot labels."""
    loss = seen.built.target.option("loss") or KERAS.compiled_loss(seen.model)
    return loss is not None and KERAS.is_categorical(seen.model, loss)


def _with_one_hot(seen: Inspection, sides: list[Side], widths: Mapping[Side, int]) -> Inspection:
    """Return the inspection with sides that are given as one-hot rows, and labels as the compiled loss takes them."""
    contract, origins = seen.spec.contract, seen.spec.traits.origins
    named, dimensions = {p.dimension for p in contract.parameters}, dict(contract.dimensions)
    forms = attrs.evolve(contract.forms, one_hot=tuple(sides))
    values: dict[str, object] = {"forms": forms, "float_source": False} if "source" in sides else {"forms": forms}
    read: Contract = attrs.evolve(contract, float_source=contract.float_source and "source" not in sides)
    for side in sides:
        vocabulary = read.vocabulary(side)
        if vocabulary and vocabulary not in {*named, *dimensions} and side in widths:
            dimensions[vocabulary] = dim(widths[side])
    inferred = [] if "one_hot" in origins else ["one_hot"]
    if "target_encoding" not in origins and _is_categorical(seen):
        values["target_encoding"] = "one_hot"
        inferred.append("target_encoding")
        if contract.tokens.label_pad is None and "tokens" not in origins:
            values["tokens"] = attrs.evolve(contract.tokens, label_pad=-1)  # Rows of zeros, as those of the inputs.
    given = f"{' and '.join(sides)} {'are' if len(sides) > 1 else 'is'} given as one-hot rows"
    note = f"its {given}, which are zeros at padding"
    return seen.read_off(contract={**values, "dimensions": dimensions}, inferred=inferred, notes=[note])
