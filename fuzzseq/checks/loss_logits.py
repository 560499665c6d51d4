"""A loss is given what it expects: logits or probabilities.

A cross-entropy of logits does not move when all scores of a step are lifted by one number, and one of probabilities
does not move when they are stretched by one (it divides by their sum), or when those below zero are made smaller (it
clips them). Where the model's scores are probabilities (they lie between 0 and 1 and each step's sum to one) and the
loss takes them for logits, or the other way round, the model trains, and worse than it ought to.

False alarms that it guards against: a loss that is neither (a regression, a ranking, one that clips): it must be blind
to the one change and see the other. Scores that are probabilities only by chance: all steps of a batch are asked.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Array, Check, Plan, Results
from fuzzseq.checks.script import Script
from fuzzseq.checks.user_loss import applies_to_class_loss, scored
from fuzzseq.protocol.evidence import ScoresMisread
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import LOGIT_VARIANTS
from fuzzseq.targets.spec import Spec

_BLIND: Final = 1e-4
_SEES: Final = 1e-3


def plan(case: Case, spec: Spec) -> Plan:
    """Score the batches, with their scores as they are and changed in three ways; a trace would take longer."""
    return {"scored": attrs.evolve(scored(case), mode="eager", score_variants=LOGIT_VARIANTS)}


def are_probabilities(scores: Array) -> bool:
    """Say whether every step's scores lie between 0 and 1 and sum to one."""
    wide = np.asarray(scores, np.float64)
    if wide.shape[-1] < 2 or not np.isfinite(wide).all():
        return False
    return bool((wide >= 0).all() and (wide <= 1).all() and (np.abs(wide.sum(axis=-1) - 1) < 1e-3).all())


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare what the loss does with what the scores are."""
    seen = results["scored"].last
    scores, gradient = seen.output, seen.score_gradient
    if scores is None or seen.loss is None:
        return CHECK.nothing_compared()
    losses = (seen.loss, *(seen.changed_losses[variant] for variant in LOGIT_VARIANTS))
    plain, lifted, stretched, sunk = (float(np.mean(np.asarray(loss))) for loss in losses)
    scale = max(abs(plain), 0.1)
    sees = abs(stretched - plain) > _SEES * scale or (gradient is not None and np.abs(gradient).max(initial=0) > _SEES)
    of_logits = abs(lifted - plain) < _BLIND * scale and sees
    clipped = bool((np.asarray(scores) < 0).any()) and abs(sunk - plain) < _BLIND * scale
    blind = clipped or abs(stretched - plain) < _BLIND * scale
    of_probabilities = blind and abs(lifted - plain) > _SEES * scale
    probabilities = are_probabilities(scores)
    if of_logits and probabilities:
        return CHECK.failed(ScoresMisread(scores="probabilities"), position="loss")
    if of_probabilities and not probabilities and bool((np.asarray(scores) < 0).any()):
        return CHECK.failed(ScoresMisread(scores="logits"), position="loss")
    return None


CHECK = Check(
    name="loss_logits",
    description="the loss gets logits or probabilities, as it expects",
    plan=plan,
    judge=judge,
    applies=applies_to_class_loss,
    stage="loss",
    cause="loss-logits",
    expensive=True,
    run_every=10,
    script=Script(eager=True),
)
