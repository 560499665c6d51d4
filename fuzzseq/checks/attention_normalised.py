"""Attention weights sum to one over the source, and give nothing to padding.

Every softmax of an eager run is watched. A result whose axes hold both the source steps and the decoder steps is taken
for attention weights, and so is one over a single score for each source step; a softmax over words, heads or experts is
left alone. The first has to be taken over the source, and padding has to get nothing.

False alarms that it guards against: sizes that are equal by chance (a batch is asked where the source length is like no
other size); self-attention, where queries and keys are the same steps (the axis cannot be told, and is not judged); a
softmax over something else, by its axes.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fuzzseq.case import Case
from fuzzseq.checks.attention import fault, tells
from fuzzseq.checks.check import Check, Results, forward
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source."""
    return None if spec.has_source else "the model has no source"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Watch an eager run of the last batch, where the source length is like no other size that an axis may have."""
    if not tells(case, spec):
        return {}
    return {"watched": attrs.evolve(forward(case), mode="eager", watched=True)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at every softmax that ran."""
    found = fault(results["watched"].last, case, spec)
    if found is None:
        return None
    return CHECK.broken(
        f"{found.said} (shape {found.softmax.value.shape}, in {found.softmax.path or 'the model'})",
        position=found.softmax.path or "softmax",
        location=found.softmax.site,
        hints=(found.hint,),
    )


CHECK = Check(
    name="attention_normalised",
    promise="attention weights sum to one over the source, and are zero on padding",
    plan=plan,
    judge=judge,
    applies=applies,
    thorough=True,
    every=2,
)
