"""What Keras 3 and tf-keras have in common: their public classes and functions, under the same names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from fuzzseq.worker.keras_api.objects import Function, KerasModel, Layer, Model, Tensor

#: Losses of values by the names of their classes, which those of their functions follow.
_REGRESSIONS: Final = ("Mean_Squared_Error", "Mean_Absolute_Error", "Huber", "Log_Cosh", "Cosine_Similarity")
_RATES: Final = ("rate", "dropout", "recurrent_dropout")
_OF_POSITIVE: Final = ("Mean_Absolute_Percentage_Error", "Mean_Squared_Logarithmic_Error", "Poisson")


class PublicKeras:
    """Answers of :class:`fuzzseq.worker.keras_api.protocol.Framework` for a framework given as its module."""

    #: The framework's module. It has no types.
    keras: Any
    #: The functional model whose attributes are the framework's own.
    smallest: Any

    def versions(self) -> dict[str, str]:
        return {self.keras.__name__.replace("_", "-"): self.keras.__version__}

    def is_layer(self, value: object) -> bool:
        return isinstance(value, self.keras.layers.Layer)

    def is_model(self, value: object) -> bool:
        return isinstance(value, self.keras.Model)

    def is_builtin(self, value: object) -> bool:
        return str(value.__module__).startswith(f"{self.keras.__name__}.")

    def overrides(self, model: Model, method: str) -> bool:
        return not self.is_builtin(getattr(type(model), method))

    def is_recurrent(self, layer: Layer) -> bool:
        return isinstance(layer, self.keras.layers.RNN | self.keras.layers.Bidirectional)

    def is_output_layer(self, layer: object) -> bool:
        layers = self.keras.layers
        return isinstance(layer, layers.Dense | layers.Softmax | layers.Activation)

    def call_of(self, model: Model) -> Function:
        return model.call if self.is_layer(model) else model

    def tracing(self, model: Model) -> AbstractContextManager[None]:  # noqa: ARG002 (says whose)
        return nullcontext()  # Whoever traces decides.

    def layers(self, layer: object) -> Iterable[Layer]:
        return layer._flatten_layers() if hasattr(layer, "_flatten_layers") else ()

    def children(self, layer: Layer | None) -> list[Layer]:
        flatten = getattr(layer, "_flatten_layers", None)
        return list(flatten(include_self=False, recursive=False)) if flatten else []

    def table_rows(self, layer: Layer) -> int | None:
        return int(layer.input_dim) if isinstance(layer, self.keras.layers.Embedding) else None

    def vocabulary(self, layer: Model) -> list[str]:
        layers = self.keras.layers
        looks_up = isinstance(layer, layers.TextVectorization | layers.StringLookup)
        return list(layer.get_vocabulary()) if looks_up and not getattr(layer, "invert", False) else []

    def dropout_rate(self, layer: Layer) -> float:
        layers = self.keras.layers
        if not self.is_builtin(type(layer)) or not isinstance(layer, layers.Dropout | layers.RNN):
            return 0.0
        cells = getattr(layer.cell, "cells", [layer.cell]) if isinstance(layer, layers.RNN) else [layer]
        return max(float(getattr(each, name, 0.0) or 0.0) for each in cells for name in _RATES)

    def mask_value(self, layer: Layer) -> float | None:
        return float(layer.mask_value) if isinstance(layer, self.keras.layers.Masking) else None

    def state_names(self, layer: Layer) -> str:
        layers = self.keras.layers
        return "hc" if isinstance(layer, layers.LSTM) else "h" if isinstance(layer, layers.GRU) else ""

    def forward_layer(self, layer: Layer) -> Layer | None:
        return layer.forward_layer if isinstance(layer, self.keras.layers.Bidirectional) else None

    def copy_mask(self, tensor: Tensor, other: Model) -> None:
        mask = getattr(tensor, "_keras_mask", None)
        if mask is not None:
            other._keras_mask = mask

    def defect(self, layer: Layer) -> str:  # noqa: ARG002 (none is known)
        return ""

    def framework_attributes(self, layer: Layer) -> frozenset[str]:  # noqa: ARG002 (says whose)
        return self._own_attributes

    @cached_property
    def _own_attributes(self) -> frozenset[str]:
        made = (self.keras.layers.Layer(name="fuzzseq"), self.keras.Model(name="fuzzseq"), self.smallest())
        return frozenset({"built", *(name for owner in made for name in vars(owner))})

    def is_regression(self, model: Model, loss: object) -> bool:  # noqa: ARG002 (says whose)
        return self._is_one_of(loss, (*_REGRESSIONS, *_OF_POSITIVE))

    def is_categorical(self, model: Model, loss: object) -> bool:  # noqa: ARG002 (says whose)
        return self._is_one_of(loss, ("Categorical_Crossentropy",))

    def is_ctc(self, model: Model, loss: object) -> bool:  # noqa: ARG002 (says whose)
        return hasattr(self.keras.losses, "CTC") and self._is_one_of(loss, ("CTC",))

    def needs_positive(self, model: Model, loss: object) -> bool:  # noqa: ARG002 (says whose)
        return self._is_one_of(loss, _OF_POSITIVE)

    def _is_one_of(self, loss: object, names: tuple[str, ...]) -> bool:
        losses = self.keras.losses
        try:
            found = losses.get(loss) if isinstance(loss, str) else loss
        except ValueError:  # Compiling the model says so.
            return False
        functions = [getattr(losses, name.lower(), None) for name in names]
        classes = tuple(getattr(losses, name.replace("_", "")) for name in names)
        # A class derived from one may compare something else; a function may have several names.
        return type(found) in classes or any(found is each for each in functions if each is not None)

    def loss(self, model: Model, identifier: object) -> Function:  # noqa: ARG002 (says whose)
        found: Function = self.keras.losses.get(identifier)
        return found

    def cross_entropy(self, labels: Tensor, scores: Tensor, from_logits: bool) -> Tensor:
        losses = self.keras.losses
        loss = losses.categorical_crossentropy if len(labels.shape) == 3 else losses.sparse_categorical_crossentropy
        computed: Tensor = loss(labels, scores, from_logits=from_logits)
        return computed

    def seed(self, seed: int) -> None:
        self.keras.utils.set_random_seed(seed)

    def load_model(self, model: Model, file: Path, names: Mapping[str, object]) -> KerasModel:  # noqa: ARG002 (says whose)
        with self.keras.saving.custom_object_scope(dict(names)):
            loaded: KerasModel = self.keras.saving.load_model(file, compile=False, safe_mode=False)
            return loaded

    def open_model(self, file: Path, names: Mapping[str, object]) -> KerasModel:
        with self.keras.saving.custom_object_scope(dict(names)):
            loaded: KerasModel = self.keras.saving.load_model(file, safe_mode=True)
            return loaded
