"""The private names of tf-keras that fuzzseq goes by, and whether the installed version has them."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Final

import tf_keras

from fuzzseq.worker.keras_api.objects import Model
from fuzzseq.worker.keras_api.supported import WORKS_WITH, refusal

_ENGINE: Final = "tf_keras.src.engine"

#: Where which names are, by the module and the class that has them. To make a model would run an operation, after which
#: a process cannot be forked: what the code of a class names is looked for instead.
_NAMES: Final = MappingProxyType(
    {
        (f"{_ENGINE}.base_layer", "Layer"): (
            "_flatten_layers",
            "_is_default",
            "_keras_mask",
            "_inbound_nodes",
            "_maybe_build",
            "_trainable_weights",
        ),
        (f"{_ENGINE}.base_layer", "BaseRandomLayer"): ("_random_generator",),
        ("tf_keras.src.backend", "RandomGenerator"): ("_seed",),
        (f"{_ENGINE}.training", "Model"): ("_is_compiled", "compiled_loss", "compiled_metrics"),
        (f"{_ENGINE}.sequential", "Sequential"): ("_graph_initialized",),
        (f"{_ENGINE}.functional", "Functional"): ("_nested_inputs",),
        (f"{_ENGINE}.keras_tensor", "KerasTensor"): ("_keras_history",),
        (f"{_ENGINE}.node", "Node"): ("call_args", "call_kwargs", "keras_inputs"),
        (f"{_ENGINE}.node", "KerasHistory"): ("layer", "node_index", "tensor_index"),
        (f"{_ENGINE}.compile_utils", "LossesContainer"): ("_user_losses",),
        (f"{_ENGINE}.compile_utils", "MetricsContainer"): ("_user_metrics", "_user_weighted_metrics"),
        ("tf_keras.src.utils.generic_utils", ""): ("to_snake_case",),
    }
)


def functional_class() -> type:
    """Return the class of models that are made of symbolic inputs and outputs."""
    kind: type = import_module(f"{_ENGINE}.functional").Functional
    return kind


def symbol_class() -> type:
    """Return the class of symbolic tensors."""
    kind: type = import_module(f"{_ENGINE}.keras_tensor").KerasTensor
    return kind


def snake_case(kind: str) -> str:
    """Return what a layer of a class is called that was given no name, but for its number."""
    return str(import_module("tf_keras.src.utils.generic_utils").to_snake_case(kind))


def functional_model() -> Model:
    """Return the smallest functional model, whose names are not counted among those of the user's layers."""
    symbol = tf_keras.Input((1,), name="fuzzseq_input")
    return tf_keras.Model(symbol, tf_keras.layers.Activation("linear", name="fuzzseq_same")(symbol), name="fuzzseq")


@cache
def moved() -> str:
    """Return a sentence about those that are not there; empty where all are. It runs no operation."""
    if refused := refusal("tf_keras"):
        return refused
    missing = [
        f"{module}.{holder}.{name}" if holder else f"{module}.{name}"
        for (module, holder), names in _NAMES.items()
        for name in names
        if not _has(module, holder, name)
    ]
    if not missing:
        return ""
    return (
        f"fuzzseq cannot look into tf-keras {tf_keras.__version__}: {', '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} not there. It works with {WORKS_WITH}: install one "
        "of those versions, or a newer fuzzseq."
    )


def _has(module: str, holder: str, name: str) -> bool:
    """Say whether a module or a class has a name, or its methods give one to what it makes."""
    try:
        owner = import_module(module)
        if not holder:
            return hasattr(owner, name)
        kind = getattr(owner, holder)
    except (ImportError, AttributeError):
        return False
    methods = (inspect.unwrap(value) for base in kind.__mro__ for value in vars(base).values() if callable(value))
    return hasattr(kind, name) or any(
        name in (*code.co_names, *code.co_consts) for m in methods if (code := getattr(m, "__code__", None))
    )
