"""Keras 3 on TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Final, TypeGuard

import keras
import tensorflow as tf

from fuzzseq.worker.keras_api import keras3_hooks, private_names
from fuzzseq.worker.keras_api.objects import (
    Args,
    FunctionalModel,
    Kwargs,
    Layer,
    Model,
    Nest,
    Tensor,
    Variable,
)
from fuzzseq.worker.keras_api.protocol import Origin
from fuzzseq.worker.keras_api.public import PublicKeras
from fuzzseq.worker.keras_api.supported import release

#: By a class of layers: the first release that is right, and what those before it do.
_DEFECTS: Final = (
    (keras.layers.Attention, "3.12", "masks the scores of a row by other rows, where its values have a mask of rank 2"),
)


class Keras3(PublicKeras):
    """See :class:`fuzzseq.worker.keras_api.protocol.Framework`."""

    keras = keras
    smallest = staticmethod(private_names.functional_model)
    compiled_loss_names = frozenset({"compute_loss", "compiled_loss", "_compile_loss", "train_step"})
    variable_owners: tuple[type, ...] = (keras.Layer, keras.Variable)

    def moved(self) -> str:
        if (backend := keras.backend.backend()) != "tensorflow":
            return (
                f"Keras runs on {backend}, as its keras.json or KERAS_BACKEND says, and fuzzseq runs models on "
                "TensorFlow: set KERAS_BACKEND=tensorflow."
            )
        return private_names.moved()

    def install_hooks(self) -> None:
        keras3_hooks.install()

    def is_functional(self, value: object) -> TypeGuard[FunctionalModel]:
        if isinstance(value, keras.Sequential):
            return getattr(value, "_functional", None) is not None
        return isinstance(value, keras.Model) and hasattr(value, "_inputs_struct")

    def is_symbolic(self, value: object) -> bool:
        return isinstance(value, keras.KerasTensor)

    def is_variable(self, value: object) -> TypeGuard[Variable]:
        return isinstance(value, tf.Variable | keras.Variable)

    def joins_states(self, operation: Layer) -> bool:
        return isinstance(operation, keras.layers.Concatenate | keras.layers.Identity | keras.layers.Dropout)

    def is_operator(self, code: CodeType) -> bool:
        method = getattr(keras.KerasTensor, code.co_name, None) if code.co_name.startswith("__") else None
        return getattr(method, "__code__", None) is code

    def children(self, layer: Layer | None) -> list[Layer]:
        if isinstance(layer, keras.Model) and (operations := getattr(layer, "operations", None)):
            return list(operations)
        return super().children(layer)

    def input_structure(self, model: Model) -> Nest:
        return model.inputs[0] if isinstance(model, keras.Sequential) else model._inputs_struct

    def automatic_name(self, layer: Layer) -> str:
        return str(keras.src.utils.naming.to_snake_case(type(layer).__name__))

    def own_weights(self, layer: Layer) -> Iterable[Variable]:
        return getattr(layer, "_trainable_variables", ())

    def defect(self, layer: Layer) -> str:
        for kind, right, does in _DEFECTS:
            if isinstance(layer, kind) and release(keras.__version__) < release(right):
                return f"{type(layer).__name__} of Keras {keras.__version__} {does}; that of Keras {right} does not"
        return ""

    def origin(self, tensor: Tensor) -> Origin | None:
        if not isinstance(tensor, keras.KerasTensor):
            return None
        history = tensor._keras_history
        return Origin(operation=history.operation, call=history.node_index, index=history.tensor_index)

    def given_states(self, layer: Layer, args: Args, kwargs: Kwargs) -> Nest:
        states = kwargs.get("initial_state")
        return args[1:] if states is None and len(args) > 1 and self.is_recurrent(layer) else states

    def initial_states(self, layer: Layer) -> list[Tensor]:
        if not self.state_names(layer) or not layer._inbound_nodes:
            return []
        arguments = layer._inbound_nodes[-1].arguments
        states = arguments.kwargs.get("initial_state")
        states = arguments.args[1:] if states is None else states
        return [states] if isinstance(states, keras.KerasTensor) else list(states or ())

    def inputs_of_calls(self, operation: Layer) -> list[list[Tensor]]:
        return [list(node.input_tensors) for node in operation._inbound_nodes]

    def training_of_calls(self, operation: Layer) -> list[object]:
        return [node.arguments.kwargs.get("training") for node in operation._inbound_nodes]

    def kept_states(self, layer: Layer) -> list[Tensor]:
        return list(tf.nest.flatten(getattr(layer, "states", None) or ()))

    def reset_states(self, layer: Layer) -> None:
        if getattr(layer, "states", None) is not None and hasattr(layer, "reset_state"):
            layer.reset_state()

    def handle(self, variable: Variable) -> object:
        return (variable.value if isinstance(variable, keras.Variable) else variable).handle

    def seed_counter(self, layer: Layer) -> int | None:  # noqa: ARG002 (it is a variable)
        return None

    def set_seed_counter(self, layer: Layer, count: int) -> None:
        raise NotImplementedError

    def is_seed(self, path: str) -> bool:
        return "seed_generator" in path

    def is_compiled(self, model: Model) -> bool:
        return bool(getattr(model, "compiled", False))

    def has_compiled_loss(self, model: Model) -> bool:
        return getattr(model, "_compile_loss", None) is not None

    def compiled_loss(self, model: Model) -> Nest:
        return getattr(getattr(model, "_compile_loss", None), "_user_loss", None)

    def has_weighted_metrics(self, model: Model) -> bool:
        return bool(getattr(getattr(model, "_compile_metrics", None), "_user_weighted_metrics", None))

    def has_metrics(self, model: Model) -> bool:
        return getattr(model, "_compile_metrics", None) is not None

    def has_stock_step(self, model: Model) -> bool:
        return type(model).train_step is keras.Model.train_step and not getattr(model, "_compile_metrics", None)

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
