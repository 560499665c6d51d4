"""Attention weights sum to one over the source, and give nothing to padding.

Every softmax of a run is watched. A result whose axes hold both the source steps and the decoder steps is taken
for attention weights, and so is one over a single score for each source step; a softmax over words, heads or experts is
left alone. The first has to be taken over the source, and padding has to get nothing.

False alarms that it guards against: sizes that are equal by chance (a batch is asked where the source length is like no
other size); weights that are masked and normalised again after the softmax (weight on padding counts where more padding
moves the output); self-attention, where queries and keys are the same steps (the axis cannot be told, and is not
judged); a softmax over something else, by its axes; one over a constant number of things, experts for example, that is
the number of decoder steps by chance: it is watched at other lengths.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fuzzseq.case import Case
from fuzzseq.checks.attention import WEIGHT_ON_PADDING, WRONG_AXIS, fault, tells
from fuzzseq.checks.check import Check, Results, Softmax, forward
from fuzzseq.checks.comparing import believed, compared, real
from fuzzseq.checks.varying import with_padding
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Side, Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source."""
    return None if spec.has_source else "the model has no source"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Watch a run of the last batch, where the source length is like no other size that an axis may have."""
    if not tells(case, spec):
        return {}
    padded = with_padding(case, "source", spec) if spec.padding is not None else None
    more = {"padded": attrs.evolve(forward(case), batches=padded)} if padded else {}
    return {"base": forward(case), **more, "watched": attrs.evolve(forward(case), watched=True)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at every softmax that ran."""
    found = fault(results["watched"].last, case, spec)
    # Weights that are put right after the softmax (masked, and divided by their sum) move nothing.
    if found is None or (found.hint == WEIGHT_ON_PADDING and not _moves(results)):
        return None
    if "wider" in results and _stays(found.softmax, results):
        return None
    return CHECK.broken(
        f"{found.said} (shape {found.softmax.value.shape}, in {found.softmax.path or 'the model'})",
        position=found.softmax.path or "softmax",
        location=found.softmax.site,
        hints=(found.hint,),
    )


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Watch a run of other lengths, where an axis seems to be the wrong one: one that stays is none of steps."""
    found = fault(results["watched"].last, case, spec)
    wider = case
    sides: tuple[Side, ...] = ("source", "target") if spec.has_target else ("source",)
    for side in sides:
        grown = with_padding(wider, side, spec)
        wider = attrs.evolve(wider, batches=grown) if grown else wider
    if found is None or found.hint != WRONG_AXIS or wider == case:
        return {}
    return {"wider": attrs.evolve(forward(wider), watched=True)}


def _stays(softmax: Softmax, results: Results) -> bool:
    """Say whether a softmax is over as many values for other lengths: experts, or a window."""
    before, after = results["watched"].last.softmaxes, results["wider"]
    if after.raised is not None or len(after.last.softmaxes) != len(before):
        return False
    other = after.last.softmaxes[next(place for place, one in enumerate(before) if one is softmax)]
    axis = softmax.axis % softmax.value.ndim
    return bool(softmax.value.shape[axis] > 1 and other.value.shape[axis] == softmax.value.shape[axis])


def _moves(results: Results) -> bool:
    """Say whether more padding on the source moves the output."""
    return "padded" in results and believed(results, "base", "padded", compared(real)) is not None


CHECK = Check(
    name="attention_normalised",
    promise="attention weights sum to one over the source, and are zero on padding",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    thorough=True,
    every=2,
)
