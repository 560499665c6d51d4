"""From a model's output to the failure: an exception, or the property that fails without a word."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import partial

from fuzzseq.checks.script import ScriptRun, stage_line
from fuzzseq.reproduce.calling import arguments, forward_function, inputs
from fuzzseq.reproduce.data import Columns
from fuzzseq.reproduce.decoding import decoding
from fuzzseq.reproduce.paired_runs import compared
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
    if plan.check and plan.script.lines:
        both = not plan.scored and training_argument(plan) == "training"
        forward = tuple(scores_lines(plan, "training" if both else "False"))
        run = ScriptRun(
            case=plan.case,
            spec=plan.spec,
            stage=plan.stage,
            evidence=plan.finding.failure_evidence,
            output=scores_of(plan, forward_call(plan, "False")),
            forward=forward,
            run=tuple(step_lines(plan)) if plan.scored else forward,
            loss=partial(loss_lines, plan),
            inputs=tuple(inputs(plan)),
            decoding=partial(decoding, plan),
        )
        lines = plan.script.lines(run)
        yield from ("for training in (False, True):", *("    " + line for line in lines)) if both else lines
    elif plan.check:
        both_runs = compared(plan)
        yield from both_runs or scores_lines(plan, "False")
        if not both_runs:
            yield "# What was seen takes more runs than a script shows: ask 'fuzzseq replay' whether it is fixed."
            yield from [stage_line(plan.stage)] if plan.stage != "forward" else []
            yield from failing(plan.finding.message)
    elif plan.stage == "generate":
        yield stage_line("generate")
        yield decoding(plan)
    elif plan.scored:
        yield from step_lines(plan)
    elif training_argument(plan) == "training" and plan.died:
        yield "for training in (False, True):"
        yield f"    forward({arguments(plan)}, training)"
    else:
        yield forward_call(plan, str(trains(plan)))


def failing(message: str) -> Iterator[str]:
    """Yield the lines that fail with a message, folded to the width of a script."""
    yield "raise AssertionError("
    yield from (f"    {part!r}" for part in textwrap.wrap(message, 88, drop_whitespace=False, break_on_hyphens=False))
    yield ")"
