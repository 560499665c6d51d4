"""The loss does not depend on the scores at padding: its gradient there is zero.

It speaks of the user's own loss. A gradient is either there or not: a mask makes it exactly zero, so no rounding is
judged. A model that learns from windows without padding declares ``padding=None``.
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import extra, with_padding
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.user_loss import applies_to_padded_loss, counted_padding, padded_side, scored
from fuzzseq.protocol.evidence import PaddingInLoss
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

_COUNTS: Final = 1e-6


def plan(case: Case, spec: Spec) -> Plan:
    """Score the batches as they are, where rows differ in length, else with more padding."""
    side, last = padded_side(spec), case.batches[-1]
    if last.ragged or extra(last, side):
        return {"base": scored(case)}
    padded = with_padding(case, side, spec.contract)
    return {"base": scored(attrs.evolve(case, batches=padded))} if padded else {}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at the gradient of the loss by the scores at padding."""
    share = counted_padding(results["base"].last)
    if share is None:
        return CHECK.nothing_compared()
    if share < _COUNTS:
        return None
    return CHECK.failed(PaddingInLoss(share=share), position="loss")


CHECK = Check(
    name="loss_ignores_padding",
    description="the loss does not depend on scores at padding",
    plan=plan,
    judge=judge,
    applies=applies_to_padded_loss,
    stage="loss",
    cause="loss-padding",
    expensive=True,
)
