"""A model that is there already, as a factory that gives it: its sizes are fixed, its weights are put back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fuzzseq.errors import SpecError
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.reproduce.runtime import three_models
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import KerasModel, Model

#: The most letters of Keras' own message that a sentence shows.
_LONGEST: Final = 300
_HOW: Final = " Name the Python file that defines it: --custom-objects my_layers.py."


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
            message = text_of(error, _LONGEST)
            how = _HOW if FrameworkMessage(text_of(error)).names_unknown_class else ""
            raise SpecError(f"{self._file.name} cannot be loaded: {name_of(type(error))}: {message}.{how}") from None
