"""The lines that run a model forward, score its output and train it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fuzzseq.cases.arrays import arrays
from fuzzseq.checks.script import stage_line
from fuzzseq.protocol.evidence import NonFinite
from fuzzseq.reporting.python_text import argument, literal
from fuzzseq.reproduce.calling import arguments, inputs_signature, tensor_spec
from fuzzseq.reproduce.plan import Plan
from fuzzseq.targets.training_batch import MASK_WEIGHTS


def weights(plan: Plan, trainable: bool = True) -> str:
    """Return the expression of a model's weights."""
    kind = "trainable_variables" if trainable else "variables"
    if plan.spec.traits.keras_model:
        return f"model.{kind}"
    owners = "keras.layers.Layer, keras.Variable" if plan.spec.traits.framework == "keras" else "keras.layers.Layer,"
    return f'variables_of(model, "{kind}", ({owners}))'


def trains(plan: Plan) -> bool:
    """Say whether the model is run as in training."""
    return plan.script.training != "never" and (plan.scored or not plan.check)


def training_argument(plan: Plan) -> str:
    """Return the ``training`` argument of every forward run, or its name where there are two kinds of runs."""
    both = plan.died and plan.stage in ("forward", "encode", "decode")
    if plan.check and plan.script.training == "to_stage" and plan.stage == "forward":
        # An output of which no layer is known to have made it may be that of a training step alone.
        both = not any(isinstance(each, NonFinite) and each.layer for each in plan.finding.failure_evidence)
    if both and plan.spec.contract.has_labels:
        return "training"
    traced = plan.mode == "graph" and plan.scored
    return "training" if trains(plan) and (settles(plan) or traced) else str(trains(plan))


def settles(plan: Plan) -> bool:
    """Say whether the model must be called once before the run, so that it has all its weights."""
    return not plan.spec.traits.functional and (plan.weighed or plan.mode == "graph") and plan.stage != "preprocess"


def forward_call(plan: Plan, training: str) -> str:
    """Return the call of the forward function."""
    named = training_argument(plan) == "training"
    return f"forward({arguments(plan)}, training={training})" if named else f"forward({arguments(plan)})"


def scores_lines(plan: Plan, training: str) -> Iterator[str]:
    """Yield the lines that run forward and find the scores."""
    called = forward_call(plan, training)
    if plan.spec.contract.loss == "compiled" and plan.scored and not (plan.spec.traits.single_output or plan.stepped):
        yield f"output = {called}"
        yield f"scores = {scores_of(plan, 'output')}"
    else:
        yield f"scores = {scores_of(plan, called)}"
    if plan.stepped and plan.check and plan.stage == "forward":
        yield stage_line("forward")


def scores_of(plan: Plan, output: str) -> str:
    """Return the expression of the scores among what a model returns."""
    which = plan.spec.contract.output
    if isinstance(which, str):
        return f"{output}[{literal(which)}]"
    if isinstance(which, int):
        return f"{output}[{which}]"
    return output if plan.stepped or plan.spec.traits.single_output else f"find_scores({output})"


def loss_lines(plan: Plan, labels: str = "labels") -> Iterator[str]:
    """Yield the lines that compute the loss of a batch."""
    loss, declared = plan.spec.contract.loss, plan.declared.get("loss")
    if declared is not None:
        name = plan.origin.called("loss", declared)
        scored = f"keras.losses.get({name})" if name.startswith("declared_") else name
        yield f"loss = tf.reduce_mean({scored}({labels}, scores))"
    elif loss == "compiled":
        given = "scores" if plan.spec.traits.single_output or plan.stepped else "compared"
        if given == "compared":
            yield "compared = scores if isinstance(output, (list, tuple, dict)) else output"
        weighing = f", sample_weight={label_weights(plan)}" if plan.spec.contract.sample_weight else ""
        yield f"loss = tf.reduce_mean(model.compute_loss(x=inputs, y={labels}, y_pred={given}{weighing}))"
    elif loss is not None:
        yield f"loss = tf.reduce_mean(keras.losses.get({literal(loss)})({labels}, scores))"
    elif plan.spec.contract.is_ctc:
        tokens, logits = plan.spec.contract.tokens, plan.spec.traits.logits is not False
        pad = tokens.pad if tokens.label_pad is None else tokens.label_pad
        yield "# No loss is declared: that of CTC, over the real steps of each row."
        yield f"loss = ctc_error_of_rows({labels}, scores, real, {pad}, {tokens.blank or 0}, {logits})"
    elif plan.spec.contract.float_labels:
        yield "# No loss is declared: the squared error, with the padding left out."
        yield f"loss = squared_error_of_steps({labels}, scores, real)"
    else:
        kind = "sparse_categorical" if plan.case.batches[-1].target_encoding == "sparse" else "categorical"
        logits = plan.spec.traits.logits is not False
        yield "# No loss is declared: cross-entropy, with the padding left out."
        yield f"entropy = keras.losses.{kind}_crossentropy"
        yield f"loss = cross_entropy({labels}, scores, real, entropy, {logits})"


def step_lines(plan: Plan) -> Iterator[str]:
    """Yield a training step up to the stage of the finding."""
    if plan.mode == "graph":
        real = ", tf.constant(real)" if plan.masked else ""
        yield f"scores, loss, gradients = train({arguments(plan)}, tf.constant(labels){real})"
        if plan.check:
            yield f"weights = {weights(plan)}"
        return
    yield "labels = tf.constant(labels)"
    if plan.stage == "loss":
        yield from scores_lines(plan, "True")
        yield stage_line("loss")
        yield from loss_lines(plan)
        return
    yield "with tf.GradientTape() as tape:"
    yield from ("    " + line for line in scores_lines(plan, "True"))
    yield f"    {stage_line('loss')}"
    yield from ("    " + line for line in loss_lines(plan))
    yield stage_line("gradient")
    yield f"weights = {weights(plan)}"
    yield "gradients = tape.gradient(loss, weights)"
    if plan.stepped_itself and not plan.check:
        yield f"model.train_step({_training_batch(plan)})"


def own_step_lines(plan: Plan) -> Iterator[str]:
    """Yield a training step of the model's own alone."""
    yield "labels = tf.constant(labels)"
    yield stage_line("gradient")
    yield f"model.train_step({_training_batch(plan)})"


def label_weights(plan: Plan) -> str:
    """Return the expression of what each label weighs."""
    contract = plan.spec.contract
    if contract.sample_weight == MASK_WEIGHTS:
        return "tf.cast(real, tf.float32)"
    # A function of the user's own makes batches of arrays.
    values = {"labels": "labels" if plan.mode == "graph" else "np.array(labels)"}
    return f"tf.cast({_called(plan, 'sample_weight', contract.weight_arguments, values)}, tf.float32)"


def _called(plan: Plan, option: str, arguments_: Sequence[str], values: Mapping[str, str]) -> str:
    name = plan.origin.called(option, plan.declared[option])
    return f"{name}({', '.join(argument(each, values.get(each, each)) for each in arguments_)})"


def _training_batch(plan: Plan) -> str:
    """Return the expression of the batch that the model's own training step takes."""
    contract = plan.spec.contract
    given = "tuple(inputs.values())" if contract.calling == "arguments" else "inputs"
    if contract.batch.function is not None:
        values = {"inputs": given, "labels": "np.array(labels)"}
        if "weights" in contract.batch.arguments:
            values["weights"] = f"np.array({label_weights(plan)})"
        made = _called(plan, "batch", contract.batch.arguments, values)
        return f"tf.nest.map_structure(tf.convert_to_tensor, {made})"
    tensors = {"inputs": given, "labels": "labels"}
    expressions = [[tensors.get(name, f"tf.constant({name})") for name in part] for part in contract.batch.parts]
    parts = [f"({', '.join(part)})" if len(part) > 1 else part[0] for part in expressions]
    if contract.batch.keys:
        pairs = zip(contract.batch.keys, parts, strict=True)
        return f"{{{', '.join(f'{literal(key)}: {part}' for key, part in pairs)}}}"
    parts += [label_weights(plan)] if contract.sample_weight else []
    return f"({', '.join(parts)})"


def train_function(plan: Plan) -> Iterator[str]:
    """Yield the training step as a traced function."""
    seen = arrays(plan.case, plan.spec.contract, 0)
    width = seen.labels.ndim - 1 if seen.labels.ndim == 3 else None
    specs = ["SIGNATURE", tensor_spec(plan, seen.labels.shape, seen.labels.dtype.name, width)]
    specs += [tensor_spec(plan, seen.target_mask.shape, "bool")] if plan.masked else []
    yield from (*inputs_signature(plan), f"LABELS = [{', '.join(specs[1:])}]", "", "")
    yield f"@tf.function(input_signature=[SIGNATURE, *LABELS]{plan.autograph})"
    yield f"def train(inputs, labels{', real' if plan.masked else ''}):"
    yield "    with tf.GradientTape() as tape:"
    yield from ("        " + line for line in scores_lines(plan, "True"))
    yield f"        {stage_line('loss')}"
    yield from ("        " + line for line in loss_lines(plan))
    yield f"    {stage_line('gradient')}"
    yield f"    weights = {weights(plan)}"
    yield "    return scores, loss, tape.gradient(loss, weights)"
