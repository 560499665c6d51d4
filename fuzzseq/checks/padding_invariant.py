"""More columns of padding, on the source or on the target, change nothing at real positions.

It applies to every Spec whose ``padding`` is not None and whose widths the built model does not fix: a model
that is always given full windows declares ``padding=None``. Values at padding are not looked at.

False alarms that it guards against: rounding, which moves with the shape of a matrix product (see ``differential``); a
model that draws random numbers at inference (that is ``deterministic``); padding before the rows, where real positions
move (they are compared by row and order, not by column). A step that sees what is ahead of it sees the padding there
as well: that is one mistake, and ``causal`` tells it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed
from fuzzseq.cases.transforms import paddable, tied, with_longer_row, with_padding, without_earlier
from fuzzseq.checks import causal
from fuzzseq.checks.attention import fault, over_neither, weighing_padding
from fuzzseq.checks.base import Array, Check, Confirmations, Observed, Plan, Results, forward
from fuzzseq.checks.differential import (
    Agreement,
    Disagreement,
    comparable,
    compared,
    culprit,
    differing,
    real,
)
from fuzzseq.checks.script import Script
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Run, RunKey
from fuzzseq.targets.contract import SIDES, Side
from fuzzseq.targets.spec import Spec


def padded_sides(spec: Spec) -> tuple[Side, ...]:
    """Return the sides that a batch can be padded on."""
    # Steps of a decoder that is stepped by hand know nothing of those that follow.
    return tuple(side for side in spec.contract.sides() if not (side == "target" and spec.contract.calling == "steps"))


def applies(spec: Spec) -> str | None:
    """Say that the check needs padding."""
    if spec.contract.padding is None:
        return "padding=None: padded positions are unspecified"
    open_ = any(paddable(side, spec.contract) for side in padded_sides(spec))
    return comparable(spec) if open_ else "the widths of a batch are fixed, or it is not fuzzseq that pads"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches as they are, and with more padding on each side; nothing where one side has no room for it.

    A case that was judged by its other side alone would stand for one that this side passes.
    """
    case = without_earlier(case, spec)
    if spec.contract.has_source and not all(pair.source for batch in case.batches for pair in batch.pairs):
        return {}  # A row of nothing but padding has nothing else to look at.
    runs = {"base": forward(case)}
    for side in padded_sides(spec):
        padded = with_padding(case, side, spec.contract)
        if padded is not None:
            runs[side] = attrs.evolve(forward(case), batches=padded)
        elif paddable(side, spec.contract):
            return {}
    return runs if len(runs) > 1 else {}


def shifted_columns(one: Observed, two: Observed, side: str) -> Callable[[Array, Array], tuple[Array, Array] | None]:
    """Return what aligns two layers' outputs where the second run had more columns of padding on a side.

    Values at padding are left out where the axis after the batch is that of the side.
    """
    mask, padded = (getattr(seen.arrays, f"{side}_mask") for seen in (one, two))
    short, long = mask.shape[1], padded.shape[1]
    before = not padded[:, 0].any()

    def aligned(left: Array, right: Array) -> tuple[Array, Array] | None:
        if left.ndim != right.ndim or left.ndim > 3:
            return None
        for axis, (a, b) in enumerate(zip(left.shape, right.shape, strict=True)):
            if a != b:
                if (a, b) != (short, long):
                    return None
                taken = range(long - short, long) if before else range(short)
                right = np.take(right, taken, axis=axis)
        if left.ndim > 1 and left.shape[:2] == mask.shape:
            return left[mask], right[mask]
        return left, right

    return aligned


_AGREEMENT: Final = Agreement(plan=plan, others=dict.fromkeys(SIDES, compared(real)))


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the outputs at real positions."""
    found = _AGREEMENT.judge(CHECK, results)
    if not isinstance(found, Disagreement):
        return found
    ahead: Results = {name: results[key] for name, key in _AHEAD.items() if key in results}
    if _of_causality(found.other, spec) and causal.sees_ahead(ahead):
        # Padding stands behind what is real: the mask that hides what is ahead would hide it as well.
        return CHECK.nothing_compared()
    if found.recorded is None:
        return differing(CHECK, found)
    (base, padded), side = found.recorded, found.other
    guilty = culprit(base, padded, shifted_columns(base, padded, side))
    weighing = weighing_padding(padded, side, guilty.path if guilty else "")
    faulty = [each for each in (fault(base, case, spec) or over_neither(base, case, spec), weighing) if each]
    verdict = differing(CHECK, found, guilty, *(each.evidence for each in faulty))
    line = faulty[0].softmax.site if faulty else None
    return attrs.evolve(verdict, location=line) if line else verdict


#: The keys of the runs that show whether a step sees those ahead, by their names in the plan of ``causal``.
_AHEAD: Final = {name: f"ahead: {name}" for name in ("base", *causal.LAST)}


def _of_causality(side: str, spec: Spec) -> bool:
    """Say whether what is ahead on a side, padding among it, is to be hidden from each step by the model itself."""
    own = side == "target" or not spec.contract.has_target
    return (
        own and spec.contract.padding == "post" and causal.applies(spec) is None and "causal" not in spec.selection.skip
    )


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Confirm the first difference, and see whether it is the steps ahead that padding is seen with.

    Rows are up to two steps longer for that: the smallest case has no step ahead.
    """
    asked = _AGREEMENT.confirm(results, case, spec)
    if not _of_causality(_AGREEMENT.differs(results), spec):
        return asked
    longer = case
    for _ in range(2):
        grown = longer
        for side in spec.contract.sides() if tied(spec.contract) else SIDES[spec.contract.has_target :][:1]:
            grown = with_longer_row(grown, side, spec.contract)
        longer = grown if allowed(grown, spec.contract) else longer
    ahead: dict[RunKey, Run] = {_AHEAD[name]: run for name, run in causal.plan(longer, spec).items()}
    return asked | ahead


CHECK = Check(
    name="padding_invariant",
    description="extra padding does not change the output at real positions",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    cause="input-padding-leak",
    differences={
        side: f"more padding on the {side} side moves the output at real positions by {{gap}}"
        for side in ("source", "target")
    },
    script=Script(
        pairs={"source": "", "target": ""},
        pair_comment="The same rows with more padding: real positions, in the order of rows, say the same.",
    ),
    expensive=True,
)
