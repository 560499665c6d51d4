"""Attention weights sum to one over the source, and give nothing to padding.

Every softmax of a run is watched. A result whose axes hold both the source steps and the decoder steps is taken
for attention weights, and so is one over a single score for each source step; a softmax over words, heads or experts is
left alone. The first has to be taken over the source, and padding has to get nothing.

False alarms that it guards against: sizes that are equal by chance (a batch is asked where the source length is like no
other size, and a wrong axis is looked at again with other lengths: where those cannot be had, nothing is said); weights
that are masked and normalised again after the softmax (weight on padding counts where more padding moves the output);
self-attention, where queries and keys are the same steps (the axis cannot be told, and is not judged); a softmax over
something else, by its axes; one over a constant number of things, experts or slots for example, that is the number of
decoder steps by chance, or one, as the taps of a kernel may be; tensors with time in front, whose first axis grows.
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
    if found.hint == WRONG_AXIS and (_wider(case, spec) is None or _by_chance(found.softmax, results)):
        return None
    return CHECK.broken(
        f"{found.said} (shape {found.softmax.value.shape}, in {found.softmax.path or 'the model'})",
        position=found.softmax.path or "softmax",
        location=found.softmax.site,
        hints=(found.hint,),
    )


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Watch a run of other lengths, where an axis seems to be the wrong one: its size tells what it is."""
    found, wider = fault(results["watched"].last, case, spec), _wider(case, spec)
    if found is None or found.hint != WRONG_AXIS or wider is None:
        return {}
    return {"wider": attrs.evolve(forward(wider), watched=True)}


def _wider(case: Case, spec: Spec) -> Case | None:
    """Return a case with more padding on each side that has room for it; None where neither has."""
    wider = case
    sides: tuple[Side, ...] = ("source", "target") if spec.has_target else ("source",)
    for side in sides:
        grown = with_padding(wider, side, spec)
        wider = attrs.evolve(wider, batches=grown) if grown else wider
    return None if wider == case else wider


def _by_chance(softmax: Softmax, results: Results) -> bool:
    """Say whether a softmax at other lengths shows that it was not what it seemed to be by its sizes."""
    if "wider" not in results:
        return False
    before, after = results["watched"].last.softmaxes, results["wider"]
    if after.raised is not None or len(after.last.softmaxes) != len(before):
        return False
    other = after.last.softmaxes[next(place for place, one in enumerate(before) if one is softmax)]
    sizes, others, axis = softmax.value.shape, other.value.shape, softmax.axis % softmax.value.ndim
    if axis == 0:
        return bool(sizes[0] != others[0])  # A batch does not grow with its lengths.
    if sizes[axis] == 1:
        # Scores that lost their steps have none but steps beside: heads or groups are there for something else.
        beside = [i for i in range(1, len(sizes)) if i != axis]
        return others[axis] > 1 or any(sizes[i] == others[i] for i in beside)
    return bool(sizes[axis] == others[axis])


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
