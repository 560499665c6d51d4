"""From the arrays of a batch to what a model is called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import tensorflow as tf

from fuzzseq.cases.arrays import Arrays, input_array
from fuzzseq.cases.case import Case
from fuzzseq.protocol.outcome import TensorRole
from fuzzseq.reproduce.runtime import flat_shapes, random_states, zero_states
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Input
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.instrumentation.lineage import FED_AS
from fuzzseq.worker.keras_api.objects import Nest, Tensor

_FED_AS: Final[Mapping[str, TensorRole]] = {
    "source": "source",
    "decoder_input": "target",
    "labels": "labels",
    "state": "state",
}
#: The attribute of a tensor that says which of its axes is a width; None where none is.
WIDTH_AXIS: Final = "_width_axis"


def role_tensor(item: Input, arrays: Arrays, contract: Contract, dimensions: Mapping[str, int]) -> Tensor:
    """Return the tensor that plays an input's role; it is marked where its last axis is time and no width."""
    tensor: Tensor = tf.constant(input_array(item, arrays, contract, dimensions))
    text = contract.forms.text.get("source" if item.role == "source" else "target")
    of_steps = (item.rank == 2 and tensor.dtype.is_floating) or (text is not None and text.form == "words")
    flat = of_steps and item.role in ("source", "decoder_input")
    if item.role.endswith("_mask") or item.steps_last or flat:
        setattr(tensor, WIDTH_AXIS, 1 if item.steps_last else None)
    setattr(tensor, FED_AS, _FED_AS.get(item.role, "mask"))
    return tensor


def label_tensor(spec: Spec, arrays: Arrays) -> Tensor:
    """Return the labels of a batch; they are marked where their last axis is time and no width."""
    tensor: Tensor = tf.constant(arrays.labels)
    if spec.contract.float_labels and arrays.labels.ndim == 2:
        setattr(tensor, WIDTH_AXIS, None)
    setattr(tensor, FED_AS, "labels")
    return tensor


def mask_tensor(arrays: Arrays) -> Tensor:
    """Return where the labels of a batch are real, booleans of shape (batch, steps)."""
    tensor: Tensor = tf.constant(arrays.target_mask)
    setattr(tensor, FED_AS, "mask")
    return tensor


def feed(spec: Spec, arrays: Arrays, dimensions: Mapping[str, int], states: Nest, source: Nest = None) -> Nest:
    """Return the inputs of a model in the structure that it is called with, as tensors; by role for parts apart.

    ``states`` is the structure that the Spec's initial state has, or None; ``source`` replaces the source ids where the
    user's own preprocessing made it.
    """
    contract = spec.contract
    left = tf.nest.flatten(states) if states is not None else []
    for state in left:
        setattr(state, FED_AS, "state")
    if contract.calling == "steps":
        fed = {
            item.role: role_tensor(item, arrays, contract, dimensions)
            for item in contract.inputs
            if item.role != "state"
        }
        return {**fed, **({} if source is None else {"source": source}), "states": left}
    together = sum(item.role == "state" for item in contract.inputs) == 1 and contract.calling == "arguments"
    values: list[tuple[Input, Nest]] = []
    for item in contract.inputs:
        if item.role == "state":
            values.append((item, states if together else left.pop(0) if left else None))
        else:
            given = source if item.role == "source" else None
            if given is not None and tf.is_tensor(given):
                setattr(given, FED_AS, "source")
            values.append((item, role_tensor(item, arrays, contract, dimensions) if given is None else given))
    if contract.calling in ("dict", "arguments"):
        return {item.key: value for item, value in values if value is not None or item.role != "state"}
    flat = [value for _, value in values]
    if contract.calling == "tuple":
        return tuple(flat)
    return flat[0] if contract.calling == "single" else flat


def by_role(spec: Spec, fed: Nest) -> dict[str, Nest]:
    """Return the inputs that a model is called with as an encoder and a decoder apart take them: by role."""
    inputs = spec.contract.inputs
    if spec.contract.calling in ("dict", "arguments"):
        given = [(item, fed[item.key]) for item in inputs if item.key in fed]
    else:
        given = list(zip(inputs, [fed] if spec.contract.calling == "single" else fed, strict=True))
    states = [value for item, value in given if item.role == "state"]
    return {**{item.role: value for item, value in given if item.role != "state"}, "states": tf.nest.flatten(states)}


def initial_state(spec: Spec, case: Case, batch: int, shapes: Nest) -> Nest:
    """Return the initial state of a batch as tensors in the structure of ``shapes``; None where the case has none.

    A functional model cannot be called without its state inputs, and some functions cannot without their arguments: no
    state is a state of zeros there.
    """
    kind = case.batches[batch].initial_state
    if kind == "none" and any(item.role == "state" and item.required for item in spec.contract.inputs):
        kind = "zeros"
    flat = flat_shapes(shapes)
    if kind == "none" or not flat:
        return None
    states = zero_states(shapes) if kind == "zeros" else random_states(shapes, case.seed + batch)
    return states[0] if isinstance(shapes, tuple) and [shapes] != flat and len(flat) == 1 else states
