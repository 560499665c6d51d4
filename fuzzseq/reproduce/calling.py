"""How a model is built and called: exactly as its Spec says, and written out for that very model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fuzzseq.cases.arrays import arrays, input_array
from fuzzseq.checks.script import stage_line
from fuzzseq.reporting.python_text import argument, literal
from fuzzseq.reproduce.data import variable
from fuzzseq.reproduce.plan import Plan
from fuzzseq.targets.part_calls import PartCall

#: How a part is called whose Spec does not say it.
_PLAIN = PartCall(roles=("tokens", "states"))
_BRACKETS = {"tuple": ("(", ")"), "list": ("[", "]")}


def building(plan: Plan) -> Iterator[str]:
    """Yield the call of the factory with the parameters of the case."""
    if plan.spec.traits.already_built:
        yield from [f"model = {plan.origin.variable}"] if plan.origin.variable != "model" else []
        return
    sizes = plan.case.sizes(plan.spec.contract, 0)
    given = [argument(p.name, str(sizes[p.dimension])) for p in plan.spec.contract.parameters if p.dimension in sizes]
    if plan.spec.traits.inference_models:
        first, last = "model, encoder, decoder = three_models(", "))"
    else:
        first, last = "model = ", ")"
    yield from folded(f"{first}{plan.origin.variable}(", given, last, most=100)


def folded(first: str, parts: Sequence[str], last: str, *, most: int, comma: str = "") -> Iterator[str]:
    """Yield an expression in brackets, its parts on lines of their own where one has more than so many columns."""
    line = f"{first}{', '.join(parts)}{comma}{last}"
    yield from [line] if len(line) <= most else (first, *(f"    {part}," for part in parts), last)


def forward_function(plan: Plan, training: str = "training") -> Iterator[str]:
    """Yield the function that runs a batch forward, in the mode of the case."""
    if plan.stepped:
        yield from _stepping(plan, training, "forward", "model.")
        return
    if plan.steps_inference:
        yield from (*_stepping(plan, "False", "stepped", ""), "", "")
    fixed = training if training in ("True", "False") else ""
    if plan.mode == "graph" and fixed:
        yield from (*inputs_signature(plan), "", "")
        yield f"@tf.function(input_signature=[SIGNATURE]{plan.autograph})"
    yield "def forward(inputs):" if fixed else "def forward(inputs, training):"
    yield f"    {stage_line('forward')}"
    yield f"    return {call(plan, training)}"


def call(plan: Plan, training: str) -> str:
    """Return the expression that calls the model on its inputs."""
    given = "**inputs" if plan.spec.contract.calling == "arguments" else "inputs"
    called = "model" if plan.mode == "eager" or plan.spec.traits.keras_model else "as_graph(model)"
    return f"{called}({given}, training={training})" if plan.spec.contract.takes_training else f"{called}({given})"


def inputs(plan: Plan) -> Iterator[str]:
    """Yield the lines that put the variables of a batch into the structure that the model is called with."""
    if plan.preprocessed:
        yield stage_line("preprocess")
        yield f"source = as_source({plan.origin.called('preprocess', str(plan.spec.contract.preprocess))}(rows))"
    if plan.stepped:
        return
    taken = [index for index, item in enumerate(plan.spec.contract.inputs) if item.role == "state"]
    together = len(taken) == 1 and plan.spec.contract.calling == "arguments"
    names = {index: f"state_{order}" for order, index in enumerate(taken, 1)}
    if plan.stated and not together:
        yield f"{', '.join(names.values())}{',' if len(names) == 1 else ''} = tf.nest.flatten(states)"
    values = []
    for index, item in enumerate(plan.spec.contract.inputs):
        if item.role == "state":
            if plan.stated:
                values.append((item.key, "states" if together else names[index]))
        else:
            values.append((item.key, tensor(plan, index)))
    yield from structure(plan, "inputs", values)
    if plan.spec.contract.calling == "arguments" and plan.stated and plan.several:
        yield "inputs = {name: value for name, value in inputs.items() if value is not None}"


def tensor(plan: Plan, index: int) -> str:
    """Return the expression of an input as a tensor; what the user's preprocessing made is one already."""
    name = variable(plan, index)
    return name if name == "source" and plan.preprocessed else f"tf.constant({name})"


def structure(plan: Plan, name: str, values: list[tuple[str | None, str]]) -> Iterator[str]:
    """Yield the assignment of values in the structure that the model takes: a list, a tuple, a dict, or alone."""
    keyed = plan.spec.contract.calling in ("dict", "arguments")
    parts = [f"{literal(key)}: {value}" if keyed else value for key, value in values]
    if plan.spec.contract.calling == "single":
        yield f"{name} = {parts[0]}"
        return
    first, last = _BRACKETS.get(plan.spec.contract.calling, ("{", "}"))
    comma = "," if first == "(" and len(parts) == 1 else ""
    yield from folded(f"{name} = {first}", parts, last, most=92, comma=comma)


def arguments(plan: Plan) -> str:
    """Return what the forward function is called with."""
    return step_arguments(plan) if plan.stepped else "inputs"


def step_arguments(plan: Plan) -> str:
    """Return what the function is called with that steps a decoder."""
    names = [tensor(plan, i) for i, item in enumerate(plan.spec.contract.inputs) if item.role != "state"]
    return ", ".join([*names, *(["states"] if plan.stated else [])])


def inputs_signature(plan: Plan) -> Iterator[str]:
    """Yield the tensor specs of the inputs, batch and time unknown as far as the model leaves them open."""
    seen = arrays(plan.case, plan.spec.contract, 0)
    specs: list[tuple[str | None, str]] = []
    number = 0
    for item in plan.spec.contract.inputs:
        if item.role == "state":
            flat = f"tf.nest.flatten(states)[{number}]"
            number += 1
            if plan.stated:
                specs.append((item.key, f"opened({'states' if plan.spec.contract.calling == 'arguments' else flat})"))
        elif item.role == "source" and plan.preprocessed:
            specs.append((item.key, "tf.TensorSpec([None, None], tf.int32)"))
        else:
            value = input_array(item, seen, plan.spec.contract, plan.case.dimensions)
            width = None if item.role.endswith("_mask") or value.ndim < 3 else 1 if item.steps_last else value.ndim - 1
            dtype = "string" if value.dtype.kind == "U" else value.dtype.name
            specs.append((item.key, tensor_spec(plan, value.shape, dtype, width)))
    yield from structure(plan, "SIGNATURE", specs)


def tensor_spec(plan: Plan, shape: tuple[int, ...], dtype: str, width: int | None = None) -> str:
    """Return the spec of a tensor: batch and time left open.

    The axis that is the ``width`` of features, of states or of one-hot rows stays.
    """
    fixed = plan.spec.contract.fixed()
    opened: list[int | None] = [shape[0] if plan.spec.contract.fixes_rows() else None] if shape else []
    for axis, size in enumerate(shape[1:], start=1):
        kept = (
            ("float" in dtype and axis == width)
            or fixed & {"source_length", "target_length"}
            or (size == 1 and len(shape) > 2)
        )
        opened.append(size if kept else None)
    return f"tf.TensorSpec({opened}, tf.{dtype})"


def _stepping(plan: Plan, training: str, function: str, owner: str) -> Iterator[str]:
    """Yield the function that encodes, and steps the decoder through the target as in teacher forcing.

    ``owner`` stands before the names of both.
    """
    masks = [item.role for item in plan.spec.contract.inputs if item.role in ("source_mask", "source_length")]
    names = [variable(plan, i) for i, item in enumerate(plan.spec.contract.inputs) if item.role != "state"]
    given = [*names, *(["states"] if plan.stated else []), *(["training"] if training == "training" else [])]
    yield f"def {function}({', '.join(given)}):"
    yield f"    {stage_line('encode')}"
    first = {"tokens": "source", "states": "states" if plan.stated else "None", "memory": "None"}
    encoder = _part_call(plan.spec.contract.encoder or _PLAIN, f"{owner}encoder", first, training, masks)
    yield f"    encoded = tf.nest.flatten({encoder})"
    encoded, decoded = plan.spec.contract.encoder or _PLAIN, plan.spec.contract.decoder or _PLAIN
    if encoded.context is None:
        yield "    memory = next((x for x in encoded if len(x.shape) == 3), None)"
        yield "    states = [x for x in encoded if x is not memory]"
    else:
        yield f"    memory = encoded[{encoded.context}]"
        yield "    vectors = [(i, x) for i, x in enumerate(encoded) if len(x.shape) == 2]"
        yield f"    spare = len(vectors) > {decoded.roles.count('states')}  # the context is none of the states"
        yield f"    states = [x for i, x in vectors if not (spare and i == {encoded.context})]"
    yield f"    {stage_line('decode')}"
    yield "    scores = []"
    yield "    for step in range(decoder_input.shape[1]):"
    yield "        tokens = decoder_input[:, step : step + 1]"
    later = {"tokens": "tokens", "states": "states", "memory": "memory"}
    decoder = _part_call(plan.spec.contract.decoder or _PLAIN, f"{owner}decoder", later, training, masks)
    yield f"        result = {decoder}"
    yield "        first, *rest = result if isinstance(result, (list, tuple)) else [result]"
    yield "        scores.append(first)"
    yield "        states = [x for x in tf.nest.flatten(rest) if x.dtype.is_floating][: len(states)]"
    yield "    return tf.stack(scores, axis=1) if len(scores[0].shape) == 2 else tf.concat(scores, axis=1)"


def _part_call(part: PartCall, name: str, given: dict[str, str], training: str, masks: list[str]) -> str:
    """Return the call of an encoder or a decoder with its arguments in order; several for states share them out."""
    count, values = part.roles.count("states"), list[str]()
    for role in part.roles:
        if role in masks:
            values.append(role)
        elif role != "states" or given["states"] == "None":
            values.append(given.get(role, "None"))
        elif count > 1 or part.functional:
            flat = "states" if name.endswith("decoder") else f"tf.nest.flatten({given['states']})"
            values.append(f"{flat}[{sum('states' in value for value in values)}]")
        else:
            values.append(f"one_or_all({given['states']})")
    if part.functional and len(values) > 1:
        values = [f"[{', '.join(values)}]"]
    elif part.names and "None" in values:  # See PartCall.
        absent = values.index("None")
        values[absent:] = map(argument, part.names[absent:], values[absent:])
    values += [f"training={training}"] if part.takes_training else []
    return f"{name}({', '.join(values)})"
