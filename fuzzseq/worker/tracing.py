"""Graph mode: a model traced once with unknown batch and time, then run on every shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fuzzseq.spec import Spec


def signature(nest: Any, spec: Spec, known: bool = False) -> Any:
    """Return a structure's tensor specs: batch and time unknown, unless the model fixes them or ``known`` is asked."""

    def relaxed(value: Any) -> Any:
        if not tf.is_tensor(value):
            return value
        return tf.TensorSpec(value.shape if known else unknown(tuple(value.shape), value.dtype, spec), value.dtype)

    return tf.nest.map_structure(relaxed, nest)


def unknown(shape: tuple[int, ...], dtype: Any, spec: Spec) -> list[int | None]:
    """Return a shape with its batch and time left open; the width of features, states and one-hot rows stays."""
    fixed = set(spec.static) | {p.dimension for p in spec.parameters}
    opened: list[int | None] = [None if "batch_size" not in fixed else shape[0]] if shape else []
    for axis, size in enumerate(shape[1:], start=1):
        last_width = dtype.is_floating and axis == len(shape) - 1
        lengths_fixed = fixed & {"source_length", "target_length"}
        opened.append(size if last_width or lengths_fixed or (size == 1 and len(shape) > 2) else None)
    return opened


def traced(function: Callable[..., Any], example: tuple[Any, ...], spec: Spec, known: bool = False) -> Any:
    """Return a function traced for the shapes of ``example``, left open as :func:`signature` says.

    What is no tensor in the arguments is fixed by the trace.
    """
    specs = signature(example, spec, known)
    flat = [part for part in tf.nest.flatten(specs) if isinstance(part, tf.TensorSpec)]

    def on_tensors(*tensors: Any) -> Any:
        given = iter(tensors)
        filled = [next(given) if isinstance(part, tf.TensorSpec) else part for part in tf.nest.flatten(specs)]
        return function(*tf.nest.pack_sequence_as(specs, filled))

    # Keras does not convert Python control flow either when it fits a model; plain functions convert themselves.
    graph = tf.function(on_tensors, input_signature=flat, autograph=False)
    return lambda *arguments: graph(*[v for v in tf.nest.flatten(arguments) if tf.is_tensor(v)])
