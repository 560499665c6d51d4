"""A training step runs, and every trainable weight has a gradient.

A weight without gradient is one that the loss does not depend on at all (TensorFlow gives None for it). A gradient of
zeros is not accused: a rectifier that is off, or an unused row of a table, gives one.

False alarms that it guards against: weights that lead to another output than the one that there are labels for, or to
what a layer adds to the loss; a model with a training step of its own, whose loss only that step knows (it has to run,
and no more); a weight that a short row does not need, as that of a recurrence written in Python at its first step, or a
layer that training leaves out at random: one is cut off when longer rows and more runs do not reach it either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import longer, with_other_source
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, forward, has_labels, training_step
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.checks.sensitivity import same
from fuzzseq.protocol.evidence import MissingGradient
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, Run, RunKey
from fuzzseq.targets.spec import Spec

#: The repetitions of a step in which a weight without gradient may have one: a layer may be left out at random.
_AGAIN: Final = tuple(range(1, 9))


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches up to their gradients."""
    return {"training": training_step(case)}


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Run again, and longer rows; and forward with another source, to see whether the source reaches the output."""
    step = attrs.evolve(training_step(case), mode="eager")
    again = _AGAIN if spec.traits.names_random else ()
    runs: dict[RunKey, Run] = {
        Confirming("training", "repeated", number): attrs.evolve(step, repetition=number) for number in again
    }
    wide = longer(case, spec.contract)
    if wide is not None:
        runs["longer"] = attrs.evolve(step, batches=wide.batches)
    other = with_other_source(case, spec.contract) if spec.contract.has_source and spec.contract.has_target else None
    if other is not None:
        runs |= {"base": forward(case), "other_source": attrs.evolve(forward(case), batches=other)}
    return runs


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find the trainable weights that have no gradient."""
    if spec.traits.own_training_step:
        return None  # What its loss is made of is known to that step alone.
    steps = [result for key, result in results.items() if key not in ("base", "other_source") and not result.raised]
    found = [result.last.gradients for result in steps]
    missing = [each[0].path for each in zip(*found, strict=True) if all(gradient.value is None for gradient in each)]
    if not missing:
        return None
    ignored = bool(same(results, "base", "other_source"))
    return CHECK.failed(MissingGradient(paths=tuple(missing), source_ignored=ignored), position=missing[0])


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Name the weights without gradient."""
    yield from run.run
    yield "missing = [w.path for w, g in zip(weights, gradients) if g is None]"
    yield 'assert not missing, f"no gradient reaches {missing}"'


CHECK = Check(
    name="trains",
    description="a training step runs, and every trainable weight has a gradient",
    plan=plan,
    judge=judge,
    applies=has_labels,
    stage="gradient",
    owns=("loss", "gradient"),
    cause="numeric-no-gradient",
    confirm=confirm,
    script=Script(lines=script_lines, training="always", weights=False),
)
