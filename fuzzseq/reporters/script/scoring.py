"""From a model's output to the failure: the loss, the gradients, or the promise that is broken without a word."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from fuzzseq.case import arrays
from fuzzseq.reporters.script.calling import arguments, forward_function, inputs, inputs_signature, stage, tensor_spec
from fuzzseq.reporters.script.data import Columns
from fuzzseq.reporters.script.differing import beside, compared
from fuzzseq.reporters.script.plan import Plan


def functions(plan: Plan) -> Iterator[str]:
    """Yield the functions that a script defines once the model is built."""
    if plan.stage == "preprocess":
        return
    if plan.mode == "graph" and _trains(plan) and plan.scored:
        yield from (*forward_function(plan), "", "")
        yield from _train_function(plan)
        return
    yield from forward_function(plan, _training(plan))


def running(plan: Plan, columns: Columns) -> Iterator[str]:
    """Yield the lines that run the batches up to the failure."""
    if not plan.several:
        yield from inputs(plan)
        yield from _settling(plan)
        yield from _batch(plan)
        return
    names = ", ".join(columns) + ("," if len(columns) == 1 else "")
    if _settles(plan):
        yield f"{names} = batches[0]"
        yield from inputs(plan)
    yield from _settling(plan)
    yield f"for {names} in batches:"
    yield '    print("a batch", flush=True)'
    yield from ("    " + line for line in (*inputs(plan), *_batch(plan)))


def weights(plan: Plan, trainable: bool = True) -> str:
    """Return the expression of a model's weights."""
    kind = "trainable_variables" if trainable else "variables"
    if plan.functional or plan.reading.keras_model:
        return f"model.{kind}"
    return f'variables_of(model, "{kind}")'


def _trains(plan: Plan) -> bool:
    """Say whether the model is run as in training."""
    return plan.finding.check == "trains" or (plan.check == "finite" and plan.scored)


def _training(plan: Plan) -> str:
    """Return the ``training`` argument of every forward run, or its name where there are two kinds of runs."""
    both = plan.died and plan.stage in ("forward", "encode", "decode") and plan.spec.has_labels
    if both or (plan.check == "finite" and plan.stage == "forward" and _in_training(plan)):
        return "training"
    traced = plan.mode == "graph" and plan.scored
    return "training" if _trains(plan) and (_settles(plan) or traced) else str(_trains(plan))


def _in_training(plan: Plan) -> bool:
    """Say whether an output that is not finite may be that of a training step alone."""
    return plan.spec.has_labels and "first made by" not in plan.finding.message


def _settles(plan: Plan) -> bool:
    """Say whether the model must be called once before the run, so that it has all its weights."""
    return not plan.functional and (plan.weighed or plan.mode == "graph") and plan.stage != "preprocess"


def _settling(plan: Plan) -> Iterator[str]:
    """Yield the lines that give the model its weights, and the weights their values."""
    if _settles(plan):
        called = f"{arguments(plan)}, training=False" if _training(plan) == "training" else arguments(plan)
        traced = plan.mode == "graph" and _training(plan) != "training"
        yield "# Called once beforehand: it makes its weights when it is first called."
        yield f"forward{'.python_function' if traced else ''}({called})"
    if plan.weighed:
        yield f"set_weights({weights(plan, trainable=False)})"


def _forward(plan: Plan, training: str) -> str:
    """Return the call of the forward function."""
    named = _training(plan) == "training"
    return f"forward({arguments(plan)}, training={training})" if named else f"forward({arguments(plan)})"


def _batch(plan: Plan) -> Iterator[str]:
    """Yield what is done with one batch."""
    if plan.stage == "preprocess":
        return
    if plan.check:
        yield from _CHECKS.get(plan.check, _told)(plan)
    elif plan.scored:
        yield from _step(plan)
    elif _training(plan) == "training" and plan.died:
        yield "for training in (False, True):"
        yield f"    forward({arguments(plan)}, training)"
    else:
        yield _forward(plan, str(_trains(plan)))


def _scores(plan: Plan, training: str) -> Iterator[str]:
    """Yield the lines that run forward and find the scores."""
    called = _forward(plan, training)
    if plan.spec.loss == "compiled" and plan.scored and not (plan.reading.single or plan.stepped):
        yield f"output = {called}"
        yield f"scores = {scores_of(plan, 'output')}"
    else:
        yield f"scores = {scores_of(plan, called)}"
    if plan.stepped and plan.check and plan.stage == "forward":
        yield stage("forward")


def scores_of(plan: Plan, output: str) -> str:
    """Return the expression of the scores among what a model returns."""
    which = plan.spec.output
    if isinstance(which, str):
        return f'{output}["{which}"]'
    if isinstance(which, int):
        return f"{output}[{which}]"
    return output if plan.stepped or plan.reading.single else f"scores_of({output})"


def _loss(plan: Plan, labels: str = "labels") -> Iterator[str]:
    """Yield the lines that compute the loss of a batch."""
    loss, declared = plan.spec.loss, plan.declared.get("loss")
    if declared is not None:
        name = plan.origin.called("loss", declared)
        scored = f"keras.losses.get({name})" if name.startswith("declared_") else name
        yield f"loss = tf.reduce_mean({scored}({labels}, scores))"
    elif loss == "compiled":
        given = "scores" if plan.reading.single or plan.stepped else "compared"
        if given == "compared":
            yield "compared = scores if isinstance(output, (list, tuple, dict)) else output"
        yield f"loss = tf.reduce_mean(model.compute_loss(x=inputs, y={labels}, y_pred={given}))"
    elif loss is not None:
        yield f'loss = tf.reduce_mean(keras.losses.get("{loss}")({labels}, scores))'
    else:
        kind = "sparse_categorical" if plan.case.batches[-1].target_encoding == "sparse" else "categorical"
        logits = plan.spec.logits is not False
        yield "# No loss is declared: cross-entropy, with the padding left out."
        yield f"each = keras.losses.{kind}_crossentropy({labels}, scores, from_logits={logits})"
        yield "counted = tf.cast(real, each.dtype)"
        yield "loss = tf.reduce_sum(each * counted) / tf.maximum(tf.reduce_sum(counted), 1.0)"


def _step(plan: Plan) -> Iterator[str]:
    """Yield a training step up to the stage of the finding."""
    if plan.mode == "graph":
        real = ", tf.constant(real)" if plan.spec.loss is None else ""
        yield f"scores, loss, gradients = train({arguments(plan)}, tf.constant(labels){real})"
        if plan.check:
            yield f"weights = {weights(plan)}"
        return
    yield "labels = tf.constant(labels)"
    if plan.stage == "loss":
        yield from _scores(plan, "True")
        yield stage("loss")
        yield from _loss(plan)
        return
    yield "with tf.GradientTape() as tape:"
    yield from ("    " + line for line in _scores(plan, "True"))
    yield f"    {stage('loss')}"
    yield from ("    " + line for line in _loss(plan))
    yield stage("gradient")
    yield f"weights = {weights(plan)}"
    yield "gradients = tape.gradient(loss, weights)"
    if not plan.check and plan.spec.loss == "compiled" and plan.spec.calling != "arguments":
        yield "model.train_step((inputs, labels))"


def _train_function(plan: Plan) -> Iterator[str]:
    """Yield the training step as a traced function."""
    seen = arrays(plan.case, plan.spec, 0)
    own = plan.spec.loss is None
    specs = ["SIGNATURE", tensor_spec(plan, seen.labels.shape, seen.labels.dtype.name)]
    specs += [tensor_spec(plan, seen.target_mask.shape, "bool")] if own else []
    yield from (*inputs_signature(plan), f"LABELS = [{', '.join(specs[1:])}]", "", "")
    yield "@tf.function(input_signature=[SIGNATURE, *LABELS], autograph=False)"
    yield f"def train(inputs, labels{', real' if own else ''}):"
    yield "    with tf.GradientTape() as tape:"
    yield from ("        " + line for line in _scores(plan, "True"))
    yield f"        {stage('loss')}"
    yield from ("        " + line for line in _loss(plan))
    yield f"    {stage('gradient')}"
    yield f"    return scores, loss, tape.gradient(loss, {weights(plan)})"


def _output_shape(plan: Plan) -> Iterator[str]:
    """Yield the comparison of the output's shape with the promised one."""
    yield from _scores(plan, "False")
    if plan.finding.message.startswith("the output has type"):
        yield 'assert scores.dtype.is_floating, f"the output has type {scores.dtype}: scores are floats"'
        return
    yield "shape = tuple(scores.shape)"
    whole = "len(shape) == len(promised)" if plan.spec.has_labels else "len(shape) >= len(promised)"
    yield f"fits = {whole} and all(p in (None, s) for p, s in zip(promised, shape))"
    yield 'assert fits, f"the output has shape {shape} where {promised} is promised"'


def _finite(plan: Plan) -> Iterator[str]:
    """Yield the search for values that are not finite."""
    lines = (
        "bad = np.isnan(scores) | (np.array(scores) == np.inf)",
        'assert not bad.any(), f"the output is not finite at {np.argwhere(bad)[0].tolist()}"',
    )
    if plan.stage == "forward":
        if _training(plan) == "training":
            yield "for training in (False, True):"
            yield from ("    " + line for line in _scores(plan, "training"))
            yield from ("    " + line for line in lines)
            return
        yield from (*_scores(plan, "False"), *lines)
        return
    yield from _step(plan)
    if plan.stage == "loss":
        yield 'assert np.isfinite(loss), f"the loss is {loss}"'
        return
    yield "for weight, gradient in zip(weights, gradients):"
    yield "    fine = gradient is None or np.isfinite(tf.convert_to_tensor(gradient)).all()"
    yield '    assert fine, f"the gradient of {weight.path} is not finite"'


def _trains_all(plan: Plan) -> Iterator[str]:
    """Yield the search for weights that have no gradient."""
    yield from _step(plan)
    yield "missing = [w.path for w, g in zip(weights, gradients) if g is None]"
    yield 'assert not missing, f"no gradient reaches {missing}"'


def _deterministic(plan: Plan) -> Iterator[str]:
    """Yield the comparison of a run with others."""
    yield f"first = np.array({scores_of(plan, _forward(plan, 'False'))})"
    yield "# Two small outputs may be equal by chance: twenty are not."
    yield "others = []"
    yield "for _ in range(20):"
    yield f"    others.append(np.array({scores_of(plan, _forward(plan, 'False'))}))"
    if plan.stepped:
        yield stage("forward")
    yield "gap = max(np.nanmax(np.abs(first - other)) for other in others)"
    yield 'assert gap <= 1e-4 * max(1.0, np.nanmax(np.abs(first))), f"two runs differ by {gap:.2g}"'


def _loss_encoding(plan: Plan) -> Iterator[str]:
    """Yield the comparison of the losses of integer labels and of the same labels one-hot."""
    depth = plan.case.dimensions[str(plan.spec.vocabulary("target"))]
    yield from _scores(plan, "False")
    yield stage("loss")
    yield from _loss(plan, "tf.constant(labels)")
    yield "sparse = float(loss)"
    yield from _loss(plan, f"tf.one_hot(labels, {depth})")
    yield "one_hot = float(loss)"
    yield 'said = f"the loss is {sparse:.6g} with integer labels and {one_hot:.6g} with the same one-hot"'
    yield "assert abs(sparse - one_hot) <= 1e-3 * max(1.0, abs(sparse), abs(one_hot)), said"


def failing(message: str) -> Iterator[str]:
    """Yield the lines that fail with a message, folded to the width of a script."""
    yield "raise AssertionError("
    yield from (f"    {part!r}" for part in textwrap.wrap(message, 88, drop_whitespace=False, break_on_hyphens=False))
    yield ")"


def _told(plan: Plan) -> Iterator[str]:
    """Yield two runs that disagree, where two decide; else a run forward, and what fuzzseq said of it."""
    found = beside(plan)
    if found is not None:
        yield from compared(plan, *found, lambda each: _scores(each, "False"))
        return
    yield from _scores(plan, "False")
    yield "# What was seen takes more runs than a script shows: ask 'fuzzseq replay' whether it is mended."
    if plan.stage != "forward":
        yield stage(plan.stage)
    yield from failing(plan.finding.message)


_CHECKS = {
    "output_shape": _output_shape,
    "finite": _finite,
    "trains": _trains_all,
    "deterministic": _deterministic,
    "loss_encoding": _loss_encoding,
}
