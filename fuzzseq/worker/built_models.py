"""A model that is there already, as a factory that gives it: its sizes are fixed, its weights are put back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from fuzzseq.errors import SpecError
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import innermost
from fuzzseq.reproduce.runtime import three_models
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import KerasModel, Model

#: The most letters of Keras' own message that a sentence shows.
_LONGEST: Final = 300
#: Where what Keras and tf-keras can read by themselves comes from, a type of numbers or of shapes among it.
_FRAMEWORKS: Final = ("keras", "tf_keras", "tensorflow", "builtins")
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
    return model, EncoderDecoder(encoder, decoder)


class BuiltModel:
    """Gives the one model that is there; ``made_by`` names the function of its file that made it, if that is known."""

    def __init__(self, model: Model, made_by: str = "") -> None:
        self._model, self.made_by = model, made_by

    def __call__(self) -> Model:
        """Return it."""
        return self._model


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
            unknown = ", ".join(dict.fromkeys(name for name in _custom_objects(self._file) if name not in self._names))
            how = f" It is made of {unknown}: {_HOW}" if unknown else ""
            raise SpecError(f"{self._file.name} cannot be loaded: {name_of(type(error))}: {message}.{how}") from None


def _custom_objects(file: Path) -> Iterator[str]:
    """Yield the names of the classes and functions in a file of a model that are no framework's own."""
    try:
        with ZipFile(file) as parts:
            pending = [json.loads(parts.read("config.json"))]
    except (BadZipFile, KeyError, ValueError, OSError):
        return
    while pending:
        part = pending.pop()
        if isinstance(part, dict) and "class_name" in part:
            function = part["class_name"] == "function"
            if function or str(part.get("module")).partition(".")[0] not in _FRAMEWORKS:
                yield str(part["config"] if function else part["class_name"])
        pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
