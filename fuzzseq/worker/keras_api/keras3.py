"""Keras 3 on TensorFlow."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import TypeGuard

import keras
import tensorflow as tf

from fuzzseq.worker.keras_api import hooks, private_names
from fuzzseq.worker.keras_api.objects import Function, FunctionalModel, KerasModel, Layer, Model, Nest, Tensor, Variable
from fuzzseq.worker.keras_api.protocol import Listener, Origin


class Keras3:
    """See :class:`fuzzseq.worker.keras_api.protocol.KerasApi`."""

    compiled_loss_names = frozenset({"compute_loss", "compiled_loss", "_compile_loss", "train_step"})
    variable_owners: tuple[type, ...] = (keras.Layer, keras.Variable)

    def moved(self) -> str:
        return private_names.moved()

    def versions(self) -> dict[str, str]:
        return {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__}

    def ran_operations(self) -> bool:
        from tensorflow.python.eager import context  # noqa: PLC0415

        active = context._context
        return active is not None and active._context_handle is not None

    def listen(self, listener: Listener | None) -> None:
        hooks.listen(listener)

    def is_layer(self, value: object) -> bool:
        return isinstance(value, keras.Layer)

    def is_model(self, value: object) -> bool:
        return isinstance(value, keras.Model)

    def is_functional(self, value: object) -> TypeGuard[FunctionalModel]:
        if isinstance(value, keras.Sequential):
            return getattr(value, "_functional", None) is not None
        return isinstance(value, keras.Model) and hasattr(value, "_inputs_struct")

    def is_symbolic(self, value: object) -> bool:
        return isinstance(value, keras.KerasTensor)

    def is_variable(self, value: object) -> TypeGuard[Variable]:
        return isinstance(value, tf.Variable | keras.Variable)

    def is_builtin(self, value: object) -> bool:
        return str(value.__module__).startswith("keras.")

    def overrides(self, model: Model, method: str) -> bool:
        return not self.is_builtin(getattr(type(model), method))

    def is_recurrent(self, layer: Layer) -> bool:
        return isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)

    def is_output_layer(self, layer: object) -> bool:
        return isinstance(layer, keras.layers.Dense | keras.layers.Softmax | keras.layers.Activation)

    def joins_states(self, operation: Layer) -> bool:
        return isinstance(operation, keras.layers.Concatenate | keras.layers.Identity | keras.layers.Dropout)

    def is_operator(self, code: CodeType) -> bool:
        method = getattr(keras.KerasTensor, code.co_name, None) if code.co_name.startswith("__") else None
        return getattr(method, "__code__", None) is code

    def call_of(self, model: Model) -> Function:
        return model.call if isinstance(model, keras.Layer) else model

    def layers(self, layer: object) -> Iterable[Layer]:
        return layer._flatten_layers() if hasattr(layer, "_flatten_layers") else ()

    def children(self, layer: Layer | None) -> list[Layer]:
        if isinstance(layer, keras.Model) and (operations := getattr(layer, "operations", None)):
            return list(operations)
        flatten = getattr(layer, "_flatten_layers", None)
        return list(flatten(include_self=False, recursive=False)) if flatten else []

    def input_structure(self, model: Model) -> Nest:
        return model.inputs[0] if isinstance(model, keras.Sequential) else model._inputs_struct

    def automatic_name(self, kind: str) -> str:
        return str(keras.src.utils.naming.to_snake_case(kind))

    def own_weights(self, layer: Layer) -> Iterable[Variable]:
        return getattr(layer, "_trainable_variables", ())

    def table_rows(self, layer: Layer) -> int | None:
        return int(layer.input_dim) if isinstance(layer, keras.layers.Embedding) else None

    def state_names(self, layer: Layer) -> str:
        return "hc" if isinstance(layer, keras.layers.LSTM) else "h" if isinstance(layer, keras.layers.GRU) else ""

    def forward_layer(self, layer: Layer) -> Layer | None:
        return layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else None

    @cached_property
    def framework_attributes(self) -> frozenset[str]:
        made = (keras.Layer(), keras.Model(), private_names.functional_model())
        return frozenset({"built", *(name for owner in made for name in vars(owner))})

    def origin(self, tensor: Tensor) -> Origin | None:
        if not isinstance(tensor, keras.KerasTensor):
            return None
        history = tensor._keras_history
        return Origin(operation=history.operation, call=history.node_index, index=history.tensor_index)

    def initial_states(self, layer: Layer) -> list[Tensor]:
        if not self.state_names(layer) or not layer._inbound_nodes:
            return []
        arguments = layer._inbound_nodes[-1].arguments
        states = arguments.kwargs.get("initial_state")
        states = arguments.args[1:] if states is None else states
        return [states] if isinstance(states, keras.KerasTensor) else list(states or ())

    def inputs_of_calls(self, operation: Layer) -> list[list[Tensor]]:
        return [list(node.input_tensors) for node in operation._inbound_nodes]

    def copy_mask(self, tensor: Tensor, other: Tensor) -> None:
        mask = keras.src.backend.get_keras_mask(tensor)
        if mask is not None:
            keras.src.backend.set_keras_mask(other, mask)

    def kept_states(self, layer: Layer) -> list[Tensor]:
        return list(tf.nest.flatten(getattr(layer, "states", None) or ()))

    def reset_states(self, layer: Layer) -> None:
        if getattr(layer, "states", None) is not None and hasattr(layer, "reset_state"):
            layer.reset_state()

    def handle(self, variable: Variable) -> object:
        return (variable.value if isinstance(variable, keras.Variable) else variable).handle

    def is_seed(self, path: str) -> bool:
        return "seed_generator" in path

    def has_compiled_loss(self, model: Model) -> bool:
        return getattr(model, "_compile_loss", None) is not None

    def compiled_loss(self, model: Model) -> Nest:
        return getattr(getattr(model, "_compile_loss", None), "_user_loss", None)

    def has_stock_step(self, model: Model) -> bool:
        return type(model).train_step is keras.Model.train_step and not getattr(model, "_compile_metrics", None)

    def loss(self, identifier: object) -> Function:
        return keras.losses.get(identifier)

    def cross_entropy(self, labels: Tensor, scores: Tensor, from_logits: bool) -> Tensor:
        losses = keras.losses
        loss = losses.categorical_crossentropy if len(labels.shape) == 3 else losses.sparse_categorical_crossentropy
        return loss(labels, scores, from_logits=from_logits)

    def seed(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)

    def seed_generator(self, seed: int) -> None:
        generator = keras.src.backend.common.global_state.get_global_attribute(private_names.KERAS_GENERATOR)
        if generator is not None:
            generator.state.assign([seed % 2**32, 0])

    @contextmanager
    def precision(self, floats: str | None, layers: str | None) -> Iterator[None]:
        # ``set_floatx`` alone does not do: layers go by the policy, which stays what it was.
        floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
        keras.config.set_floatx(floats or floatx)
        keras.config.set_dtype_policy(layers or policy)
        try:
            yield
        finally:
            keras.config.set_floatx(floatx)
            keras.config.set_dtype_policy(policy)

    def load_model(self, file: Path, names: Mapping[str, object]) -> KerasModel:
        with keras.saving.custom_object_scope(dict(names)):
            return keras.saving.load_model(file, compile=False, safe_mode=False)
