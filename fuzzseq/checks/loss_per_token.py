"""The loss is not scaled by how much padding a batch has.

It speaks of the user's own loss, and of one that leaves the scores at padding out (if it does not, that is
``loss_ignores_padding``): a sum over real steps that is divided by the padded size shrinks with every column of
padding.

False alarms that it guards against: a model whose scores at real positions move with padding (that is
``padding_invariant``); a loss that is a sum, or a mean by row.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import with_padding
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.differential import compared, real
from fuzzseq.checks.user_loss import applies_to_padded_loss, counted_padding, padded_side, scored
from fuzzseq.protocol.evidence import LossMismatch
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

#: The least relative change that two more columns make: a fiftieth of a width of twelve, and far above rounding.
_CHANGES: Final = 0.01
_SAME: Final = 1e-3


def plan(case: Case, spec: Spec) -> Plan:
    """Score the batches as they are, and with more padding."""
    padded = with_padding(case, padded_side(spec), spec.contract)
    return {"base": scored(case), "padded": scored(attrs.evolve(case, batches=padded))} if padded else {}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two losses."""
    base, padded = results["base"].last, results["padded"].last
    moved = compared(real)(results["base"], results["padded"])
    if base.loss is None or padded.loss is None or moved is None:
        return CHECK.nothing_compared()
    if moved.relative > _SAME:
        return CHECK.not_applicable("padding moves the scores that the loss is of: see padding_invariant")
    if (counted_padding(padded) or 0.0) > 0:
        return CHECK.not_applicable("the loss counts padding: see loss_ignores_padding")
    one, two = float(np.mean(base.loss)), float(np.mean(padded.loss))
    gap = abs(one - two)
    if not np.isfinite(gap) or gap <= _CHANGES * max(abs(one), abs(two)) or gap < 1e-6:
        return None
    return CHECK.failed(LossMismatch(base=one, other=two, given="padding"), position="loss")


CHECK = Check(
    name="loss_per_token",
    description="the loss does not scale with padding",
    plan=plan,
    judge=judge,
    applies=applies_to_padded_loss,
    stage="loss",
    cause="loss-normalization",
    expensive=True,
)
