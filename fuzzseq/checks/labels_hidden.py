"""Through the user's own training step, no label leaks into the input of its own step.

The training step is given the same inputs and other labels: what the model predicts for a step may follow from earlier
labels (teacher forcing from the labels themselves), never from the label of that step. Only a model with a training
step of its own is asked: fuzzseq shifts the target itself everywhere else.

False alarms that it guards against: dropout in training (predictions are compared for one state of the random
generators); sampling (a step that gives something else for the very same labels is not judged).
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import with_other_ends
from fuzzseq.checks.base import Array, Check, Observed, Plan, Results
from fuzzseq.checks.differential import Disagreement, difference, differing
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import OwnStepRun
from fuzzseq.targets.spec import Spec

#: What is said of a label that the decoder reads in its own step.
OWN_STEP: Final = "the label of a step moves the prediction of that step by {largest}: it reaches its own input"


def applies(spec: Spec) -> str | None:
    """Say that the check needs a training step of the user's own."""
    if not spec.contract.has_target:
        return "the model has no decoder"
    if not spec.traits.own_training_step:
        return "the model has no custom train_step"
    return None if spec.traits.train_step_accepts_batch else "its train_step raises for (inputs, labels)"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the training step with its labels, again, and with the last word of each row's labels changed."""
    changed = with_other_ends(case, spec.contract)
    if changed is None:
        return {}
    run = OwnStepRun(batches=case.batches[-1:])
    return {
        "base": run,
        "again": attrs.evolve(run, own_labels=run.batches),
        "changed": attrs.evolve(run, own_labels=changed[-1:]),
    }


def until_changed(seen: Observed, changed: Array) -> Array | None:
    """Return the predictions up to and with the step whose label is another one."""
    if seen.output is None or seen.output.shape[:2] != changed.shape[:2]:
        return None
    rows = [row[: int(np.argmax(moved)) + 1] for row, moved in zip(seen.output, changed, strict=True) if moved.any()]
    return np.concatenate(rows) if rows else None


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare predictions up to the step whose label changed."""
    base, again, other = (results[name].last for name in ("base", "again", "changed"))
    if base.output is None:
        return CHECK.not_applicable("its training step does not call the model: what it predicts there cannot be seen")
    batches = with_other_ends(case, spec.contract) or case.batches
    changed = base.arrays.labels != arrays(attrs.evolve(case, batches=batches), spec.contract, -1).labels
    changed = changed.any(axis=-1) if changed.ndim > 2 else changed
    first, second, third = (until_changed(seen, changed) for seen in (base, again, other))
    if first is None or second is None or third is None:
        return CHECK.nothing_compared()
    noise, found = difference(first, second), difference(first, third)
    if found is None or noise is None:
        return CHECK.nothing_compared()
    if noise.counts or not found.counts:
        return None
    return attrs.evolve(differing(CHECK, Disagreement(found, "changed")), position="training step")


CHECK = Check(
    name="labels_hidden",
    description="no label leaks into the input of its own step",
    plan=plan,
    judge=judge,
    applies=applies,
    stage="gradient",
    cause="loss-target-leak",
    differences={"changed": OWN_STEP},
    expensive=True,
    run_every=4,
)
