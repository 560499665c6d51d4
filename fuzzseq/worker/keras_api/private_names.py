"""The private names of Keras 3 and TensorFlow that fuzzseq goes by, and whether the installed versions have them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from types import SimpleNamespace
from typing import Final

import keras
import tensorflow as tf

from fuzzseq.worker.keras_api.objects import Function, Model, Tensor
from fuzzseq.worker.keras_api.supported import WORKS_WITH

#: Under which Keras keeps the generator of what is drawn without a seed.
KERAS_GENERATOR: Final = "global_seed_generator"


class _Same(keras.Operation):  # type: ignore[misc]
    def compute_output_spec(self, x: Tensor) -> Tensor:
        return keras.KerasTensor(x.shape, x.dtype)


def functional_model() -> Model:
    """Return the smallest functional model, whose making runs no operation.

    It has names of its own: automatic ones are counted, and the user's layers would get others.
    """
    symbol = keras.Input((1,), name="fuzzseq_input")
    return keras.Model(symbol, _Same(name="fuzzseq_same")(symbol), name="fuzzseq_model")


def _compile_loss() -> object:
    return import_module("keras.src.trainers.compile_utils").CompileLoss("mse")


def _written_in(*functions: Function) -> SimpleNamespace:
    """Return something that has the names that are read and written, or are text, in the code of functions."""
    codes = [inspect.unwrap(function).__code__ for function in functions]
    written = (name for code in codes for name in (*code.co_names, *code.co_consts) if isinstance(name, str))
    return SimpleNamespace(**dict.fromkeys(written))


def _compile_metrics() -> object:
    return import_module("keras.src.trainers.compile_utils").CompileMetrics(None, None)


def _global_state() -> object:
    module = import_module("keras.src.random.seed_generator")
    named = {getattr(module, "GLOBAL_SEED_GENERATOR", ""): None}
    return SimpleNamespace(**vars(_written_in(module.global_seed_generator)), **named)


def _masks() -> object:
    # Layers call a function of the backend's since Keras 3.6, and wrote the name themselves before.
    layers: Function = keras.Layer._set_mask_metadata
    return _written_in(layers, getattr(import_module("keras.src.backend"), "set_keras_mask", layers))


def _eager_context() -> object:
    # One that is made has a number of its own, and would take it from the one that TensorFlow makes.
    return _written_in(import_module("tensorflow.python.eager.context").Context.__init__)


#: What has which names. Nothing here makes a variable or runs an operation.
_NAMES: Final[Mapping[str, tuple[Callable[[], object], tuple[str, ...]]]] = {
    "keras.Layer": (lambda: keras.Layer, ("_maybe_build", "_lock_state", "_flatten_layers")),
    "keras.Layer()": (lambda: keras.Layer(name="fuzzseq"), ("_inbound_nodes", "_layers", "_trainable_variables")),
    "keras.Layer.build": (lambda: keras.Layer.build, ("_is_default",)),
    "keras.Operation": (lambda: keras.Operation, ("symbolic_call",)),
    "keras.Model.compile": (lambda: _written_in(keras.Model.compile), ("_compile_loss", "_compile_metrics")),
    "keras.Sequential()": (lambda: keras.Sequential(name="fuzzseq"), ("_functional",)),
    "keras.Model(inputs, outputs)": (functional_model, ("_inputs_struct",)),
    "keras.Input(shape)": (lambda: functional_model().inputs[0], ("_keras_history",)),
    "keras.Input(shape)._keras_history": (
        lambda: functional_model().inputs[0]._keras_history,
        ("operation", "node_index", "tensor_index"),
    ),
    "the call of a layer": (lambda: functional_model().operations[0]._inbound_nodes[0], ("arguments", "input_tensors")),
    "the loss of a model": (_compile_loss, ("_user_loss",)),
    "the metrics of a model": (_compile_metrics, ("_user_weighted_metrics",)),
    "the global state of Keras": (_global_state, (KERAS_GENERATOR,)),
    "a tensor with a mask": (_masks, ("_keras_mask",)),
    "the eager context of TensorFlow": (_eager_context, ("_context_handle",)),
    "tf.function(...)": (lambda: tf.function(lambda: None), ("python_function",)),
} | {
    module: (partial(import_module, module), names)
    for module, names in {
        "keras.src.backend.common.global_state": ("get_global_attribute",),
        "keras.src.utils.naming": ("to_snake_case",),
        "tensorflow.python.eager.context": ("_context",),
        "tensorflow.python.framework.op_callbacks": ("add_op_callback", "remove_op_callback"),
        "tensorflow.python.framework.random_seed": ("get_seed",),
    }.items()
}


@cache
def moved() -> str:
    """Return a sentence about those that are not there; empty where all are."""
    missing: list[str] = []
    for owner, (make, names) in _NAMES.items():
        try:
            holder = make()
        except Exception:  # Whatever is raised by code that goes by private names: they have moved.
            missing.append(owner)
        else:
            missing += [f"{owner}.{name}" for name in names if not hasattr(holder, name)]
    if not missing:
        return ""
    return (
        f"fuzzseq cannot look into Keras {keras.__version__} with TensorFlow {tf.__version__}: {', '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} not there. It works with {WORKS_WITH}: install one of those "
        "versions, or a newer fuzzseq."
    )
