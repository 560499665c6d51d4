"""Integer labels and the same labels as one-hot rows give the same loss, where the user's loss accepts both.

It warns: a loss that indexes with its labels takes one-hot rows in silence and is right for its own. A loss that
refuses the other encoding passes: its user hears of it. The check speaks of the user's own loss, never of the one that
fuzzseq supplies. It guards against the false alarm of a loss that takes labels of the other rank by broadcasting, where
two sizes happen to be equal or one: such batches are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import with_batches
from fuzzseq.checks.base import Array, Check, Plan, Results, has_classes
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.protocol.evidence import LossMismatch
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import LossRun
from fuzzseq.targets.contract import Encoding
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a loss of the user's."""
    return has_classes(spec) or (None if spec.contract.loss else "the model has no loss")


def scored(case: Case, encoding: Encoding) -> LossRun:
    """Return the run of a case up to its loss, its labels in one encoding."""
    return LossRun(batches=with_batches(case, target_encoding=encoding).batches, mode=case.mode)


def plan(case: Case, spec: Spec) -> Plan:
    """Score the batches with both encodings; eagerly alone, as a trace of each costs more than it is worth."""
    hot = scored(case, "one_hot")
    labels = arrays(attrs.evolve(case, batches=hot.batches), spec.contract, len(hot.batches) - 1).labels
    if case.mode != "eager" or could_broadcast(labels):
        return {}
    return {"sparse": scored(case, "sparse"), "one_hot": hot}


def could_broadcast(labels: Array) -> bool:
    """Say whether one-hot labels (batch, steps, words) have sizes that integer labels could be broadcast to."""
    return labels.ndim != 3 or len(set(labels.shape)) < 3 or 1 in labels.shape


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two losses, unless one encoding was refused."""
    raised = [result.raised for result in results.values() if result.raised is not None]
    if len(raised) == len(results):
        return CHECK.not_reached(raised[0])
    if raised:  # One encoding may be refused, and nothing follows from that.
        return CHECK.not_applicable("its loss takes one of the two encodings alone")
    sparse, hot = (results[name].last.loss for name in ("sparse", "one_hot"))
    if sparse is None or hot is None:
        return CHECK.nothing_compared()
    one, two = float(np.mean(sparse)), float(np.mean(hot))
    gap = abs(one - two)
    if not np.isfinite(gap) or gap <= 1e-3 * max(1.0, abs(one), abs(two)):
        return None
    return CHECK.failed(LossMismatch(base=one, other=two, given="one_hot"), position="loss")


def script_variables(case: Case, spec: Spec, batch: int) -> dict[str, Array]:
    """Return the labels of a batch as integers."""
    return {"labels": arrays(with_batches(case, target_encoding="sparse"), spec.contract, batch).labels}


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Compute both losses."""
    depth = run.case.dimensions[str(run.spec.contract.vocabulary("target"))]
    yield from run.forward
    yield stage_line("loss")
    yield from run.loss("tf.constant(labels)")
    yield "sparse = float(loss)"
    yield from run.loss(f"tf.one_hot(labels, {depth})")
    yield "one_hot = float(loss)"
    yield 'said = f"the loss is {sparse:.6g} with integer labels and {one_hot:.6g} with the same one-hot"'
    yield "assert abs(sparse - one_hot) <= 1e-3 * max(1.0, abs(sparse), abs(one_hot)), said"


CHECK = Check(
    name="loss_encoding",
    description="integer and one-hot labels give the same loss if both are accepted",
    plan=plan,
    judge=judge,
    applies=applies,
    stage="loss",
    severity="warning",
    cause="loss-encoding",
    cause_weight=90,
    judges_exceptions=True,
    script=Script(lines=script_lines, variables=script_variables),
)
