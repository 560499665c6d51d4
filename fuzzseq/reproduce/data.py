"""The batches of a case as numpy literals, one variable for each thing that the model or its loss is given."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from fuzzseq.cases.arrays import SMOOTHING, Array, Arrays, arrays, input_array, source_rows, step_arrays
from fuzzseq.cases.case import Batch
from fuzzseq.cases.states import STATES_PER_LAYER, state_shapes
from fuzzseq.reporting.python_text import argument
from fuzzseq.reporting.python_text import literal as python
from fuzzseq.reproduce.plan import Plan
from fuzzseq.targets.contract import CELLS

Columns = dict[str, list[str]]

#: Arrays of more numbers than this are not written out where an expression can make them.
MOST_NUMBERS = 24
_ROOM = 64


def columns(plan: Plan) -> Columns:
    """Return the expression of each variable, one for each batch."""
    found: Columns = {}
    for number, batch in enumerate(plan.case.batches):
        seen = arrays(plan.case, plan.spec.contract, number)
        texts = {}
        for index, item in enumerate(plan.spec.contract.inputs):
            if item.role == "source" and plan.preprocessed:
                texts["rows"] = python(source_rows(batch, plan.spec.contract))
            elif item.role == "source" and plan.spec.contract.float_source:
                made = _features(plan, batch, seen)
                texts["source"] = f"np.swapaxes({made}, 1, 2)" if item.steps_last else made
            elif item.role != "state":
                texts[variable(plan, index)] = literal(
                    input_array(item, seen, plan.spec.contract, plan.case.dimensions)
                )
        if plan.stated:
            texts["states"] = _states(plan, number, batch)
        texts |= _labels(plan, batch, seen) if plan.scored else {}
        texts = _batch_arrays(plan, number, seen) | texts
        if plan.check and plan.script.variables:
            for name, value in plan.script.variables(plan.case, plan.spec, number).items():
                texts[name] = literal(value) if isinstance(value, np.ndarray) else str(value)
        for name, text in texts.items():
            found.setdefault(name, []).append(text)
    return found


def _batch_arrays(plan: Plan, number: int, seen: Arrays) -> dict[str, str]:
    """Return what functions of a training batch, or the model's own step, are given beside the labels."""
    given = step_arrays(plan.case, plan.spec.contract, seen, number)
    return {name: literal(given[name]) for name in plan.batch_arrays}


def assigned(columns_: Columns, plan: Plan) -> Iterator[str]:
    """Yield the lines that set the variables; with several batches, one tuple for each of them."""
    if not plan.several:
        for name, texts in columns_.items():
            yield f"{name} = {texts[0]}"
        return
    yield f"batches = [  # {', '.join(columns_)}"
    for row in zip(*columns_.values(), strict=True):
        line = f"    ({', '.join(row)}{',' if len(row) == 1 else ''}),"
        if len(line) <= 100 and "\n" not in line:
            yield line
            continue
        items = (("        " + text + ",").replace("\n", "\n        ") for text in row)
        yield from ("    (", *items, "    ),")
    yield "]"


def variable(plan: Plan, index: int) -> str:
    """Return the name of the variable of an input."""
    role = plan.spec.contract.inputs[index].role
    before = sum(item.role == role for item in plan.spec.contract.inputs[:index])
    return role if not before else f"{role}_{before + 1}"


def _labels(plan: Plan, batch: Batch, seen: Arrays) -> dict[str, str]:
    """Return the labels in the encoding of a batch, and where they are real if the loss is told."""
    contract, vocabulary = plan.spec.contract, plan.spec.contract.vocabulary("target")
    case = attrs.evolve(plan.case, batches=(attrs.evolve(batch, target_encoding="sparse"),))
    text = ids = literal(arrays(case, contract).labels)
    if vocabulary and contract.has_classes and batch.target_encoding != "sparse":
        depth = plan.case.dimensions[vocabulary]
        text = f"np.eye({depth}, dtype=np.float32)[{ids}]"
        if batch.target_encoding != "one_hot":
            off = f"{SMOOTHING:g} / {depth}"
            text = f"np.float32(\n    np.eye({depth})[{ids}]\n    * {1 - SMOOTHING:g}\n    + {off}\n)"
        elif len(text) >= _ROOM:
            text = f"np.eye({depth}, dtype=np.float32)[\n    {ids}\n]"
    if not plan.masked:
        return {"labels": text}
    return {"labels": text, "real": literal(seen.target_mask)}


def _features(plan: Plan, batch: Batch, seen: Arrays) -> str:
    if seen.source.size <= MOST_NUMBERS:
        return literal(seen.source)
    ids = attrs.evolve(plan.spec.contract, float_source=False)
    case = attrs.evolve(plan.case, batches=(batch,))
    size = plan.case.dimensions["feature_dim"]
    made = f"    {literal(arrays(case, ids).source)},\n    {literal(seen.source_mask)},\n"
    pad = f"    pad={plan.spec.contract.series.pad:g},\n" if plan.spec.contract.series.pad else ""
    return f"features(\n{made}    size={size},\n    seed={plan.case.seed},\n{pad})"


def _states(plan: Plan, number: int, batch: Batch) -> str:
    """Return the initial states of a batch, of the shapes that its target declares."""
    contract, kind = plan.spec.contract, batch.initial_state
    if kind == "none" and contract.calling in ("arguments", "steps"):
        return "None"
    sizes, declared = plan.case.sizes(contract, number), contract.initial_state
    if declared == "inputs":
        states = [(i, item.key) for i, item in enumerate(contract.inputs) if item.role == "state"]
        keyed = contract.calling == "dict"
        tensors = ", ".join(f"model.input[{python(key)}]" if keyed else f"model.inputs[{i}]" for i, key in states)
        shapes = f"input_shapes({sizes['batch_size']}, {tensors})"
    elif declared in CELLS:
        # Flat, or a list for each layer where the model has a number of layers.
        units = next((sizes[name] for name in ("units", "encoder_units", "decoder_units") if name in sizes), None)
        counted = next((name for name in ("num_layers", "num_encoder_layers") if name in sizes), None)
        layers, each = sizes[counted] if counted else 1, STATES_PER_LAYER[declared]
        if units is None:
            shape = f"({sizes['batch_size']}, recurrent_units(model))"
            shapes = f"[{shape}] * {each}" if counted is None else f"[[{shape}] * {each}] * {layers}"
        else:
            flat = state_shapes(declared, batch_size=sizes["batch_size"], units=units, num_layers=layers)
            shapes = str([flat[i : i + each] for i in range(0, len(flat), each)] if counted else flat)
    else:
        given = ", ".join(argument(name, str(sizes[name])) for name in contract.state_arguments if name in sizes)
        shapes = f"{plan.origin.called('initial_state', str(declared))}({given})"
    if kind == "random":
        return f"random_states({shapes}, seed={plan.case.seed + number})"
    return f"zero_states({shapes})"


def literal(array: Array) -> str:
    """Return an array as the expression that makes it; rows on lines of their own where they are long."""
    dtype = "bool" if array.dtype == bool else "np.str_" if array.dtype.kind == "U" else f"np.{array.dtype.name}"
    if not array.size:
        return f"np.zeros({array.shape}, dtype={dtype})"
    text = _nested(array.astype(np.int8) if array.dtype == bool else array)
    if len(text) > _ROOM and array.ndim > 1:
        text = "[\n" + "".join(f"    {part},\n" for part in map(_nested, array)) + "]"
    return f"np.array({text}, dtype={dtype})"


def _nested(array: Array) -> str:
    if array.ndim:
        return "[" + ", ".join(_nested(part) for part in array) + "]"
    text = python(str(array)) if array.dtype.kind == "U" else str(array)
    return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}.get(text, text)
