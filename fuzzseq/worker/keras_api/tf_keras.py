"""tf-keras, which is ``tf.keras`` under ``TF_USE_LEGACY_KERAS=1``: Keras 2 as it goes on beside Keras 3.

Only a process whose target has imported tf-keras loads this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import CodeType
from typing import Any, TypeGuard

import tensorflow as tf
import tf_keras

from fuzzseq.worker.keras_api import tf_keras_hooks, tf_keras_names
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

#: Outside of any trace control flow is left to whoever calls, and tf-keras has that of layers converted.
_CONVERTED: Any = tf.__internal__.autograph.control_status_ctx()


class TfKeras(PublicKeras):
    """See :class:`fuzzseq.worker.keras_api.protocol.Framework`."""

    keras = tf_keras
    smallest = staticmethod(tf_keras_names.functional_model)
    variable_owners: tuple[type, ...] = (tf_keras.layers.Layer,)
    compiled_loss_names = frozenset({"compute_loss", "compiled_loss", "train_step"})

    def moved(self) -> str:
        return tf_keras_names.moved()

    def install_hooks(self) -> None:
        tf_keras_hooks.install()

    def is_functional(self, value: object) -> TypeGuard[FunctionalModel]:
        if isinstance(value, tf_keras.Sequential):
            return bool(value._graph_initialized)
        # A subclass of the user's calls ``Model.__init__`` with inputs and outputs, and is one then.
        return isinstance(value, tf_keras_names.functional_class())

    def is_symbolic(self, value: object) -> bool:
        return tf_keras.backend.is_keras_tensor(value) if isinstance(value, tf_keras_names.symbol_class()) else False

    def is_variable(self, value: object) -> TypeGuard[Variable]:
        return isinstance(value, tf.Variable)

    def tracing(self, model: Model) -> AbstractContextManager[None]:  # noqa: ARG002 (says whose)
        return _CONVERTED

    def joins_states(self, operation: Layer) -> bool:
        return isinstance(operation, tf_keras.layers.Concatenate | tf_keras.layers.Dropout) or (
            getattr(operation, "symbol", None) in {"concat", "identity"}
        )

    def is_operator(self, code: CodeType) -> bool:  # noqa: ARG002 (there is none)
        # Operators between symbols go through a dispatcher of TensorFlow's, and have no code of tf-keras' own.
        return False

    def children(self, layer: Layer | None) -> list[Layer]:
        if self.is_functional(layer):
            return list(layer.layers)
        return super().children(layer)

    def input_structure(self, model: Model) -> Nest:
        return model.inputs[0] if isinstance(model, tf_keras.Sequential) else model._nested_inputs

    def automatic_name(self, layer: Layer) -> str:
        if self.is_functional(layer):
            return "model"
        # An operation between symbols is a layer that is called after it.
        symbol = getattr(layer, "symbol", None)
        return f"tf.{symbol}" if symbol else tf_keras_names.snake_case(type(layer).__name__)

    def own_weights(self, layer: Layer) -> Iterable[Variable]:
        return getattr(layer, "_trainable_weights", ())

    def origin(self, tensor: Model) -> Origin | None:
        if not self.is_symbolic(tensor):
            return None
        history = tensor._keras_history
        return Origin(operation=history.layer, call=history.node_index, index=history.tensor_index)

    def initial_states(self, layer: Layer) -> list[Tensor]:
        # Symbolic ones cross behind the input, in one list, and not under their name.
        if not self.state_names(layer) or not layer._inbound_nodes:
            return []
        given = layer._inbound_nodes[-1].call_args[0]
        return list(given[1:]) if isinstance(given, list) else []

    def given_states(self, layer: Layer, args: Args, kwargs: Kwargs) -> Nest:
        if (states := kwargs.get("initial_state")) is not None or not self.is_recurrent(layer):
            return states
        if args and isinstance(args[0], list) and len(args[0]) > 1:
            return args[0][1:]
        return args[3:] or None

    def inputs_of_calls(self, operation: Layer) -> list[list[Tensor]]:
        return [list(node.keras_inputs) for node in operation._inbound_nodes]

    def training_of_calls(self, operation: Layer) -> list[object]:
        return [node.call_kwargs.get("training") for node in operation._inbound_nodes]

    def kept_states(self, layer: Layer) -> list[Tensor]:
        return [state for state in tf.nest.flatten(getattr(layer, "states", None) or ()) if state is not None]

    def reset_states(self, layer: Layer) -> None:
        if self.kept_states(layer) and hasattr(layer, "reset_states"):
            layer.reset_states()

    def handle(self, variable: Variable) -> object:
        return variable.handle

    def is_seed(self, path: str) -> bool:
        return "StateVar" in path

    def seed_counter(self, layer: Layer) -> int | None:
        return getattr(getattr(layer, "_random_generator", None), "_seed", None)

    def set_seed_counter(self, layer: Model, count: int) -> None:
        layer._random_generator._seed = count

    def is_compiled(self, model: Model) -> bool:
        return bool(getattr(model, "_is_compiled", False))

    def has_compiled_loss(self, model: Model) -> bool:
        return self.compiled_loss(model) is not None

    def compiled_loss(self, model: Model) -> Nest:
        return getattr(getattr(model, "compiled_loss", None), "_user_losses", None)

    def has_weighted_metrics(self, model: Model) -> bool:
        return bool(getattr(getattr(model, "compiled_metrics", None), "_user_weighted_metrics", None))

    def has_metrics(self, model: Model) -> bool:
        compiled = getattr(model, "compiled_metrics", None)
        return any(getattr(compiled, name, None) for name in ("_user_metrics", "_user_weighted_metrics"))

    def has_stock_step(self, model: Model) -> bool:
        measured = getattr(getattr(model, "compiled_metrics", None), "_user_metrics", None)
        return type(model).train_step is tf_keras.Model.train_step and not measured

    def seed_generator(self, seed: int) -> None:  # noqa: ARG002 (there is none)
        # What layers without a seed draw from is Python's generator, or TensorFlow's, which are seeded for everybody.
        return

    @contextmanager
    def precision(self, floats: str | None, layers: str | None) -> Iterator[None]:
        floatx, policy = tf_keras.backend.floatx(), tf_keras.mixed_precision.global_policy()
        tf_keras.backend.set_floatx(floats or floatx)
        tf_keras.mixed_precision.set_global_policy(layers or policy)
        try:
            yield
        finally:
            tf_keras.backend.set_floatx(floatx)
            tf_keras.mixed_precision.set_global_policy(policy)
