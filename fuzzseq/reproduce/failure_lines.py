"""From a model's output to the failure: an exception, or the promise that is broken without a word."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from fuzzseq.protocol.evidence import WrongType
from fuzzseq.reproduce.calling import arguments, forward_function, inputs, stage
from fuzzseq.reproduce.data import Columns
from fuzzseq.reproduce.paired_runs import beside, compared
from fuzzseq.reproduce.plan import Plan
from fuzzseq.reproduce.scoring import (
    forward_call,
    loss_lines,
    scores_lines,
    scores_of,
    settles,
    step_lines,
    train_function,
    training_argument,
    trains,
    weights,
)
from fuzzseq.reproduce.ways import OUTPUT_LINES
from fuzzseq.reproduce.ways import compared as compared_ways
from fuzzseq.reproduce.ways import finite as finite_values


def functions(plan: Plan) -> Iterator[str]:
    """Yield the functions that a script defines once the model is built."""
    if plan.stage == "preprocess":
        return
    if plan.mode == "graph" and trains(plan) and plan.scored:
        yield from (*forward_function(plan), "", "")
        yield from train_function(plan)
        return
    yield from forward_function(plan, training_argument(plan))


def running(plan: Plan, columns: Columns) -> Iterator[str]:
    """Yield the lines that run the batches up to the failure."""
    if not plan.several:
        yield from inputs(plan)
        yield from _settling(plan)
        yield from _batch(plan)
        return
    names = ", ".join(columns) + ("," if len(columns) == 1 else "")
    if settles(plan):
        yield f"{names} = batches[0]"
        yield from inputs(plan)
    yield from _settling(plan)
    yield f"for {names} in batches:"
    yield '    print("a batch", flush=True)'
    yield from ("    " + line for line in (*inputs(plan), *_batch(plan)))


def _settling(plan: Plan) -> Iterator[str]:
    if settles(plan):
        called = f"{arguments(plan)}, training=False" if training_argument(plan) == "training" else arguments(plan)
        traced = plan.mode == "graph" and training_argument(plan) != "training"
        yield "# Called once beforehand: it makes its weights when it is first called."
        yield f"forward{'.python_function' if traced else ''}({called})"
    if plan.weighed:
        yield f"set_general_position({weights(plan, trainable=False)}, {plan.case.seed})"


def _batch(plan: Plan) -> Iterator[str]:
    if plan.stage == "preprocess":
        return
    if plan.check == "trains":
        yield from step_lines(plan)
        yield "missing = [w.path for w, g in zip(weights, gradients) if g is None]"
        yield 'assert not missing, f"no gradient reaches {missing}"'
    elif plan.check == "mixed_precision":
        yield from step_lines(plan) if plan.scored else scores_lines(plan, "False")
        yield from finite_values(plan)
    elif plan.check:
        yield from _CHECKS.get(plan.check, _paired_or_seen)(plan)
    elif plan.scored:
        yield from step_lines(plan)
    elif training_argument(plan) == "training" and plan.died:
        yield "for training in (False, True):"
        yield f"    forward({arguments(plan)}, training)"
    else:
        yield forward_call(plan, str(trains(plan)))


def _output_shape(plan: Plan) -> Iterator[str]:
    yield from scores_lines(plan, "False")
    if any(isinstance(each, WrongType) for each in plan.finding.failure_evidence):
        yield 'assert scores.dtype.is_floating, f"the output has type {scores.dtype}: scores are floats"'
        return
    yield "shape = tuple(scores.shape)"
    whole = "len(shape) == len(promised)" if plan.spec.contract.has_labels else "len(shape) >= len(promised)"
    yield f"fits = {whole} and all(p in (None, s) for p, s in zip(promised, shape))"
    yield 'assert fits, f"the output has shape {shape} where {promised} is expected"'


def _finite(plan: Plan) -> Iterator[str]:
    if plan.stage == "forward":
        both = training_argument(plan) == "training"
        yield from ["for training in (False, True):"] if both else []
        room = "    " if both else ""
        for line in scores_lines(plan, "training" if both else "False"):
            yield room + line
        yield f"{room}bad = np.isnan(scores) | (np.array(scores) == np.inf)"
        yield f'{room}assert not bad.any(), f"the output is not finite at {{np.argwhere(bad)[0].tolist()}}"'
        return
    yield from step_lines(plan)
    if plan.stage == "loss":
        yield 'assert np.isfinite(loss), f"the loss is {loss}"'
        return
    yield "for weight, gradient in zip(weights, gradients):"
    yield "    fine = gradient is None or np.isfinite(tf.convert_to_tensor(gradient)).all()"
    yield '    assert fine, f"the gradient of {weight.path} is not finite"'


def _deterministic(plan: Plan) -> Iterator[str]:
    yield f"first = np.array({scores_of(plan, forward_call(plan, 'False'))})"
    yield "# Two small outputs may be equal by chance: twenty are not."
    yield "others = []"
    yield "for _ in range(20):"
    yield f"    others.append(np.array({scores_of(plan, forward_call(plan, 'False'))}))"
    if plan.stepped:
        yield stage("forward")
    yield "gap = max(gaps(first, other)[0].max() for other in others)"
    yield 'assert gap <= 1e-4 * gaps(first, first)[1], f"two runs differ by {gap:.2g}"'


def _loss_encoding(plan: Plan) -> Iterator[str]:
    depth = plan.case.dimensions[str(plan.spec.contract.vocabulary("target"))]
    yield from scores_lines(plan, "False")
    yield stage("loss")
    yield from loss_lines(plan, "tf.constant(labels)")
    yield "sparse = float(loss)"
    yield from loss_lines(plan, f"tf.one_hot(labels, {depth})")
    yield "one_hot = float(loss)"
    yield 'said = f"the loss is {sparse:.6g} with integer labels and {one_hot:.6g} with the same one-hot"'
    yield "assert abs(sparse - one_hot) <= 1e-3 * max(1.0, abs(sparse), abs(one_hot)), said"


def failing(message: str) -> Iterator[str]:
    """Yield the lines that fail with a message, folded to the width of a script."""
    yield "raise AssertionError("
    yield from (f"    {part!r}" for part in textwrap.wrap(message, 88, drop_whitespace=False, break_on_hyphens=False))
    yield ")"


def _paired_or_seen(plan: Plan) -> Iterator[str]:
    """Yield two runs that disagree, where two decide; else a run forward, and what fuzzseq said of it."""
    if plan.check in OUTPUT_LINES:
        yield from compared_ways(plan, lambda output: scores_of(plan, output), forward_call(plan, "False"))
        return
    paired = beside(plan)
    if paired is not None:
        yield from compared(plan, *paired, lambda each: scores_lines(each, "False"))
        return
    yield from scores_lines(plan, "False")
    yield "# What was seen takes more runs than a script shows: ask 'fuzzseq replay' whether it is fixed."
    if plan.stage != "forward":
        yield stage(plan.stage)
    yield from failing(plan.finding.message)


_CHECKS = {
    "output_shape": _output_shape,
    "finite": _finite,
    "deterministic": _deterministic,
    "loss_encoding": _loss_encoding,
}
