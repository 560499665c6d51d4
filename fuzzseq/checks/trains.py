"""A training step runs, and every trainable weight has a gradient.

A weight without gradient is one that the loss does not depend on at all (TensorFlow gives None for it). A gradient of
zeros is not accused: a rectifier that is off, or an unused row of a table, gives one.
"""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Results, has_labels, training_step
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches up to their gradients."""
    return {"training": training_step(case)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find the trainable weights that have no gradient."""
    missing = [gradient.path for gradient in results["training"].last.gradients if gradient.value is None]
    if not missing:
        return None
    listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    return CHECK.broken(f"no gradient reaches {listed}", position=missing[0])


CHECK = Check(
    name="trains",
    promise="a training step runs, and every trainable weight has a gradient",
    plan=plan,
    judge=judge,
    applies=has_labels,
    stage="gradient",
)
