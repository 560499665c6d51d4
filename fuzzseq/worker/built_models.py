"""A model that is there already, as a factory that gives it: its sizes are fixed, its weights are put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from fuzzseq.cases.arrays import Array
from fuzzseq.errors import SpecError
from fuzzseq.files.saved_models import custom_objects
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import innermost
from fuzzseq.reproduce.runtime import three_models
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import KerasModel, Model, Variable
from fuzzseq.worker.variables import every_layer, trainable_variables

#: The most letters of Keras' own message that a sentence shows.
_LONGEST: Final = 300
_HOW: Final = "name the Python file that defines what is not Keras' own, --custom-objects my_layers.py."


def is_built(value: object) -> bool:
    """Say whether a value is a model, or an encoder and a decoder, and no function that makes one."""
    return KERAS.is_layer(value) or isinstance(value, EncoderDecoder)


def with_inference_models(returned: Model) -> tuple[Model, EncoderDecoder | None]:
    """Return the model of what a factory returned, and the encoder and decoder for inference beside it, if any."""
    parts = three_models(returned)
    if parts is None or not all(map(KERAS.is_layer, parts)):
        return returned, None
    model, encoder, decoder = parts
    weights = set(map(id, trainable_variables(model)))
    layers = set(map(id, every_layer(model)))
    for part in (encoder, decoder):
        own = set(map(id, trainable_variables(part)))
        # Made of the same layers: copies of its weights are other models, of which nothing is known.
        if id(part) not in layers and not (own and own <= weights):
            return returned, None
    return model, EncoderDecoder(encoder, decoder)


class BuiltModel:
    """Gives the one model that is there; ``made_by`` names the function of its file that made it, if that is known."""

    def __init__(self, model: Model, made_by: str = "") -> None:
        self._model, self.made_by = model, made_by
        self._first: dict[int, tuple[Variable, Array]] = {}

    def __call__(self) -> Model:
        """Return it."""
        return self._model

    def put_back(self, variables: Iterable[Variable]) -> None:
        """Give variables the values that each had the first time: there is one model for all seeds."""
        for variable in variables:
            _, value = self._first.setdefault(id(variable), (variable, np.asarray(variable).copy()))
            variable.assign(value)


class SavedModel:
    """Reads a model from its file, each time anew; ``custom_objects`` is the file that ``names`` come from, if any."""

    def __init__(self, file: Path, custom_objects: str | None, names: Mapping[str, object]) -> None:
        self._file, self.custom_objects, self._names = file, custom_objects, names

    def __call__(self) -> KerasModel:
        """Return the model of the file; raises :class:`SpecError` for one that cannot be read."""
        try:
            return KERAS.open_model(self._file, self._names)
        except SpecError:
            raise
        except Exception as error:
            # Keras names its own errors, zipfile its own, and a layer of the user's whatever it likes.
            message = " ".join(innermost(text_of(error)).split())[:_LONGEST]
            unknown: list[str] = []
            with suppress(BadZipFile, KeyError, ValueError, OSError):
                unknown = [name for name in custom_objects(self._file) if name not in self._names]
            how = f" It is made of {', '.join(dict.fromkeys(unknown))}: {_HOW}" if unknown else ""
            raise SpecError(f"{self._file.name} cannot be loaded: {name_of(type(error))}: {message}.{how}") from None
