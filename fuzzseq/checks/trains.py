"""A training step runs, and every trainable weight has a gradient.

A weight without gradient is one that the loss does not depend on at all (TensorFlow gives None for it). A gradient of
zeros is not accused: a rectifier that is off, or an unused row of a table, gives one.

False alarms that it guards against: weights that lead to another output than the one that there are labels for; a model
with a training step of its own, whose loss only that step knows (it has to run, and no more).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Results, forward, has_labels, training_step
from fuzzseq.checks.unmoved import same
from fuzzseq.checks.varying import with_other_source
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches up to their gradients."""
    return {"training": training_step(case)}


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches forward with their source and with another, to see whether the source reaches the output."""
    other = with_other_source(case, spec) if spec.has_source and spec.has_target else None
    if other is None:
        return {}
    return {"base": forward(case), "other_source": attrs.evolve(forward(case), batches=other)}


def source_is_lost(results: Results) -> bool:
    """Say whether another source gave the very same output."""
    return same(results, "base", "other_source")


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find the trainable weights that have no gradient."""
    if spec.own_training_step:
        return None  # What its loss is made of is known to that step alone.
    missing = [gradient.path for gradient in results["training"].last.gradients if gradient.value is None]
    if not missing:
        return None
    listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    why = "; the source does not reach the output at all" if source_is_lost(results) else ""
    return CHECK.broken(f"no gradient reaches {listed}{why}", position=missing[0])


CHECK = Check(
    name="trains",
    promise="a training step runs, and every trainable weight has a gradient",
    plan=plan,
    judge=judge,
    applies=has_labels,
    stage="gradient",
    confirm=confirm,
)
