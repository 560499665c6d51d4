"""More columns of padding, on the source or on the target, change nothing at real positions.

The promise is made by every Spec whose ``padding`` is not None and whose widths the built model does not fix: a model
that is always given full windows declares ``padding=None``. Values at padding are not looked at.

False alarms that it guards against: rounding, which moves with the shape of a matrix product (see ``differential``); a
model that draws random numbers at inference (that is ``deterministic``); padding before the rows, where real positions
move (they are compared by row and order, not by column).
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import paddable, with_padding
from fuzzseq.checks.attention import fault, over_neither, weighing_padding
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, forward
from fuzzseq.checks.differential import (
    comparable,
    compared,
    confirmation,
    confirmed_difference,
    culprit,
    differing,
    first_candidate,
    nothing_compared,
    real,
    shifted_columns,
    with_layers,
)
from fuzzseq.checks.script import Script
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.contract import Side
from fuzzseq.targets.spec import Spec

_COMPARE: Final = compared(real)


def padded_sides(spec: Spec) -> tuple[Side, ...]:
    """Return the sides that a batch can be padded on."""
    # Steps of a decoder that is stepped by hand know nothing of those that follow.
    return tuple(side for side in spec.contract.sides() if not (side == "target" and spec.contract.calling == "steps"))


def applies(spec: Spec) -> str | None:
    """Say that the check needs padding."""
    if spec.contract.padding is None:
        return "padding=None: padded positions are unspecified"
    open_ = any(paddable(side, spec.contract) for side in padded_sides(spec))
    return comparable(spec) if open_ else "the widths of a batch are fixed, or the user's own preprocessing pads"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches as they are, and with more padding on each side; nothing where one side has no room for it.

    A case that was judged by its other side alone would stand for one that this side passes.
    """
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


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Confirm the first side that differs."""
    side = _suspected(results, spec)
    return confirmation(results, plan(case, spec), "base", side, _COMPARE) if side else {}


def _suspected(results: Results, spec: Spec) -> Side | None:
    return next((s for s in padded_sides(spec) if s == first_candidate(results, "base", {s: _COMPARE})), None)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the outputs at real positions."""
    if nothing_compared(results, "base", dict.fromkeys(padded_sides(spec), _COMPARE)):
        return CHECK.nothing_compared()
    side = _suspected(results, spec)
    found = confirmed_difference(results, "base", side, _COMPARE) if side else None
    if side is None or found is None:
        return None
    seen = with_layers(results, "base", side)
    if seen is None:
        return differing(CHECK, found, side)
    base, padded = seen
    guilty = culprit(base, padded, shifted_columns(base, padded, side))
    weighing = weighing_padding(padded, side, guilty.path if guilty else "")
    faulty = [each for each in (fault(base, case, spec) or over_neither(base, case, spec), weighing) if each]
    verdict = differing(CHECK, found, side, guilty, *(each.evidence for each in faulty))
    line = faulty[0].softmax.site if faulty else None
    return attrs.evolve(verdict, location=line) if line else verdict


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
