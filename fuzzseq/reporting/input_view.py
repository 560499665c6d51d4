"""The inputs of a model and its output as a person is shown them: names, roles, shapes by dimensions, types."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.targets.contract import Contract, Side
from fuzzseq.targets.inputs import Input
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class InputLine:
    """One input of a model, or its output: its name where it has one, its role, its shape by dimensions, its type."""

    name: str
    role: str
    shape: str
    dtype: str


def input_lines(spec: Spec) -> Iterator[InputLine]:
    """Yield the inputs of a model, and its output."""
    contract = spec.contract
    for index, each in enumerate(contract.inputs):
        of_floats = each.role == "state" or (each.role == "decoder_input" and contract.float_decoder)
        own = "source" if each.role == "source" else "target"
        of_floats = of_floats or own in contract.forms.one_hot
        usual = "string" if own in contract.forms.text else "int32"
        dtype = each.dtype or ("float32" if of_floats or _is_features(contract, each) else usual)
        yield InputLine(
            name=name_of_input(spec, index) or f"input {index}",
            role=role_of_input(each),
            shape=_shape(spec, each),
            dtype=dtype,
        )
    if contract.has_labels:
        steps = "source_length" if contract.kind == "many_to_many" else "target_length"
        steps = user_name(contract, str(contract.output_steps or steps))
        series, flat = contract.series, contract.series.flat_output
        width = series.channels or 1 if contract.float_labels else contract.vocabulary("target")
        shape = f"(batch_size, {steps})" if flat else f"(batch_size, {steps}, {user_name(contract, str(width))})"
        role = "values" if contract.float_labels else "scores"
        yield InputLine(name=str(contract.output or "output"), role=role, shape=shape, dtype="float32")


def name_of_input(spec: Spec, index: int) -> str:
    """Return the name of an input, where it has one."""
    key = spec.contract.inputs[index].key
    names = spec.traits.input_names
    return key or (names[index] if index < len(names) else "")


def role_of_input(each: Input) -> str:
    """Return the role of an input as it is declared."""
    return f"~{each.role}" if each.inverted else each.role


def _is_features(contract: Contract, each: Input) -> bool:
    return each.role == "source" and contract.float_source


def _shape(spec: Spec, each: Input) -> str:
    contract = spec.contract
    side = "target_length" if each.role in ("decoder_input", "target_mask", "target_length") else "source_length"
    if each.role == "state":
        return "(batch_size, ...)"
    if each.role.endswith("_length"):
        return "(batch_size, 1)" if each.rank == 2 else "(batch_size,)"
    own: Side = "source" if side == "source_length" else "target"
    if each.role in ("source", "decoder_input", "labels"):
        form = contract.forms.text[own].form if own in contract.forms.text else None
        if form in ("sentences", "column"):
            return "(batch_size,)" if form == "sentences" else "(batch_size, 1)"
        if own in contract.forms.one_hot:
            return f"(batch_size, {side}, {user_name(contract, str(contract.vocabulary(own)))})"
    if _is_features(contract, each):
        return f"(batch_size, {side}, {user_name(contract, 'feature_dim')})"
    if each.role == "decoder_input" and contract.float_decoder and each.rank != 2:
        return f"(batch_size, {side}, {user_name(contract, str(contract.series.decoder_channels))})"
    ones = {3: "1, ", 4: "1, 1, "}.get(each.rank or 2, "")
    return f"(batch_size, {ones}{side})"


def user_name(contract: Contract, dimension: str) -> str:
    """Return what the factory calls a dimension."""
    return next((p.name for p in contract.parameters if p.dimension == dimension), dimension)
