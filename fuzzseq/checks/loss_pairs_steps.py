"""A loss of values compares each label with the prediction of its own step.

Arrays of (batch, steps) and (batch, steps, 1) are broadcast against each other in silence where rows and steps are as
many, or one: each label is compared with the predictions of other rows or steps, and the model learns their mean. So
the labels themselves are put in the place of the predictions: a loss that is larger there than where their mean is
predicted, and that is the same for the labels of other rows, compares no label with its own prediction. (Of one row,
those of other steps.)

False alarms that it guards against: a loss that shifts one of the two by a step itself (the labels of the step before
and after are tried as well); one that takes predictions for something else than values, as rates, shares of a standard
deviation or probabilities, and is least elsewhere: it differs for the labels of other rows; labels that are all the
same, of which nothing can be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.checks.user_loss import applies_to_loss, scored
from fuzzseq.protocol.evidence import LossMismatch
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import SERIES_VARIANTS
from fuzzseq.targets.spec import Spec

#: By how much, beside the loss of the mean, the loss of the labels may be larger.
_ROUNDING: Final = 1e-3
#: Up to where two losses are the same, beside their size.
_SAME: Final = 1e-4


def applies(spec: Spec) -> str | None:
    """Say that the check needs a loss of the user's, and labels that are values."""
    return applies_to_loss(spec) or (None if spec.contract.float_labels else "the labels are classes, and no values")


def plan(case: Case, spec: Spec) -> Plan:
    """Score the batches as they are, and with their labels predicted in four ways; a trace would take longer."""
    return {"scored": attrs.evolve(scored(case), mode="eager", score_variants=SERIES_VARIANTS)}


def pairs_steps(losses: Sequence[float]) -> bool:
    """Say whether losses of :data:`SERIES_VARIANTS` are of a loss that compares by step."""
    *aligned, mean, moved = losses
    differs = abs(moved - aligned[0]) > _SAME * max(abs(moved), abs(aligned[0]))
    return not np.isfinite(losses).all() or min(aligned) <= mean + _ROUNDING * abs(mean) + 1e-6 or differs


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the loss of the labels with that of their mean."""
    seen = results["scored"].last
    if seen.output is None or seen.arrays.labels.size != seen.output.size:
        return CHECK.nothing_compared()
    labels = seen.arrays.labels
    if np.array_equal(labels, labels[::-1] if len(labels) > 1 else labels[:, ::-1]):
        return CHECK.nothing_compared()
    losses = [float(np.mean(np.asarray(seen.changed_losses[variant]))) for variant in SERIES_VARIANTS]
    if pairs_steps(losses):
        return None
    *aligned, mean, _ = losses
    return CHECK.failed(LossMismatch(base=mean, other=min(aligned), given="labels"), position="loss")


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Compute the loss of the labels, and that of their mean."""
    yield from run.forward
    yield stage_line("loss")
    yield "mean = tf.fill(tf.shape(scores), tf.reduce_mean(labels))"
    yield "exact = tf.reshape(tf.constant(labels), tf.shape(scores))"
    yield "moved = exact[::-1] if len(exact) > 1 else exact[:, ::-1]"
    for name in ("mean", "exact", "moved"):
        yield f"scores = {name}"
        yield from run.loss("tf.constant(labels)")
        yield f"of_{name} = float(loss)"
    yield 'said = f"the loss is {of_exact:.4g} where the labels are predicted, and {of_mean:.4g} where their mean is"'
    yield f"differs = abs(of_moved - of_exact) > {_SAME} * max(abs(of_moved), abs(of_exact))"
    yield "assert differs or of_exact <= of_mean * 1.001 + 1e-6, said"


CHECK = Check(
    name="loss_pairs_steps",
    description="each label is compared with the prediction of its own step",
    plan=plan,
    judge=judge,
    applies=applies,
    stage="loss",
    cause="loss-broadcast",
    cause_weight=92,
    expensive=True,
    run_every=4,
    script=Script(lines=script_lines, eager=True),
)
