"""A model that is there already, as a factory that gives it: its sizes are fixed, its weights are put back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import KerasModel, Model

def is_built(value: object) -> bool:
    """Say whether a value is a model, or an encoder and a decoder, and no function that makes one."""
    return KERAS.is_layer(value) or isinstance(value, EncoderDecoder)


class BuiltModel:
    """Gives the one model that is there."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __call__(self) -> Model:
        return self._model


class SavedModel:
    """Reads a model from its file, each time anew."""

    def __init__(self, file: Path, names: Mapping[str, object]) -> None:
        self._file, self._names = file, names

    def __call__(self) -> KerasModel:
        return KERAS.open_model(self._file, self._names)
