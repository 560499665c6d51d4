"""A model that is there already, as a factory that gives it: its sizes are fixed, its weights are put back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import KerasModel, Model

#: What a factory of three models returns, in this order where they have no names.
_PARTS: Final = ("model", "encoder", "decoder")


def is_built(value: object) -> bool:
    """Say whether a value is a model, or an encoder and a decoder, and no function that makes one."""
    return KERAS.is_layer(value) or isinstance(value, EncoderDecoder)


def taken_apart(returned: Model) -> tuple[Model, EncoderDecoder | None]:
    """Return the model that is trained of what a factory returned, and its encoder and decoder for inference, if any.

    Those are a tuple ``(model, encoder, decoder)``, or a dict whose keys say which is which.
    """
    parts: list[Model] = []
    if isinstance(returned, list | tuple) and len(returned) == len(_PARTS):
        parts = list(returned)
    elif isinstance(returned, Mapping) and len(returned) == len(_PARTS):
        named = {next((part for part in _PARTS if part in str(key).lower()), _PARTS[0]): key for key in returned}
        parts = [returned[named[part]] for part in _PARTS] if len(named) == len(_PARTS) else []
    if not parts or not all(map(KERAS.is_layer, parts)):
        return returned, None
    model, encoder, decoder = parts
    return model, EncoderDecoder(encoder, decoder)


class BuiltModel:
    """Gives the one model that is there."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __call__(self) -> Model:
        """Return it."""
        return self._model


class SavedModel:
    """Reads a model from its file, each time anew."""

    def __init__(self, file: Path, names: Mapping[str, object]) -> None:
        self._file, self._names = file, names

    def __call__(self) -> KerasModel:
        """Return the model of the file."""
        return KERAS.open_model(self._file, self._names)
