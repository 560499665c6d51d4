"""A later target token changes no earlier output; nor does a later step of the source of a causal model.

The last id that the decoder reads of each row is changed, or the last one of the source where there is no decoder: the
outputs of all steps before the one that reads it stay as they were. A decoder that is not meant to be causal (one that
fills in masked words) declares ``skip={"causal": ...}``.

False alarms that it guards against: rounding (see ``differential``); random numbers at inference; rows without an id,
and the step that reads the changed id itself, which are not compared.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case, steps
from fuzzseq.cases.transforms import with_other_ends, without_earlier
from fuzzseq.checks.attention import fault
from fuzzseq.checks.base import Array, Check, Observed, Plan, Results, forward
from fuzzseq.checks.differential import Agreement, Disagreement, by_row, comparable, compared, culprit, differing
from fuzzseq.checks.labels_hidden import OWN_STEP
from fuzzseq.checks.script import Script
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec

#: How many steps at the end of each row are not compared, of a run beside the first one.
LAST: Final = {"changed": 1, "changed_source": 1, "label_of_later_step": 2, "label_of_own_step": 1}


def applies(spec: Spec) -> str | None:
    """Say that the check needs a decoder, or a model of one sequence that is declared to be causal."""
    if not spec.contract.has_target and spec.contract.output_steps is not None:
        return "the output has other steps than the source"
    if spec.contract.has_target or (spec.contract.causal and spec.contract.has_labels):
        return comparable(spec)
    return "the model has no decoder, and is not declared causal"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches as they are, and with the last id that is read of every row changed."""
    case = without_earlier(case, spec)
    changed = with_other_ends(case, spec.contract, read=True, side=SIDES[spec.contract.has_target])
    if changed is None:
        return {}
    other = attrs.evolve(forward(case), batches=changed)
    if not spec.contract.has_target:
        several = any(len(pair.source) > 1 for pair in case.batches[-1].pairs)
        return {"base": forward(case), "changed_source": other} if several else {}
    if not spec.contract.takes_labels:
        return {"base": forward(case), "changed": other}
    # Where it reads the label of its own step alone, those before stay as they are: there have to be some to tell.
    if all(steps(pair.target, spec.contract.tokens) <= LAST["label_of_later_step"] for pair in case.batches[-1].pairs):
        return {}
    return {"base": forward(case), "label_of_later_step": other, "label_of_own_step": other}


def earlier(seen: Observed, last: int = 1) -> Array | None:
    """Return the outputs of all real steps but so many last ones of each row that has more."""
    if seen.output is None or seen.output.ndim < 3:
        return None
    rows = [row[:-last] for row in by_row(seen) if len(row) > last]
    return np.concatenate(rows) if rows else None


_AGREEMENT: Final = Agreement(
    plan=plan, others={name: compared(partial(earlier, last=last)) for name, last in LAST.items()}
)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the outputs of the earlier steps."""
    found = _AGREEMENT.judge(CHECK, results)
    if not isinstance(found, Disagreement):
        return found
    if found.recorded is None:
        return differing(CHECK, found)
    one, two = found.recorded
    alike = one.arrays.decoder_input == two.arrays.decoder_input
    before = one.arrays.target_mask & (alike.all(axis=-1) if alike.ndim > 2 else alike)

    def aligned(left: Array, right: Array) -> tuple[Array, Array] | None:
        if left.shape != right.shape or left.shape[:2] != before.shape or left.ndim > 3:
            return None
        return left[before], right[before]

    faulty = fault(one, case, spec)
    return differing(CHECK, found, culprit(one, two, aligned), *([faulty.evidence] if faulty else []))


def sees_ahead(results: Results) -> bool:
    """Say whether runs of a plan, none of which is confirmed, show that later steps move earlier outputs."""
    return "base" in results and bool(_AGREEMENT.differs(results))


def before_last(mask: Array) -> Array:
    """Return the real positions (batch, steps) but the last of each row."""
    last: Array = np.cumsum(mask[:, ::-1], axis=1)[:, ::-1] == 1
    return mask & ~last


CHECK = Check(
    name="causal",
    description="later tokens do not affect earlier outputs",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    cause="decoder-sees-future",
    differences={
        "changed": "the last target id of a row moves earlier outputs by {gap}",
        "changed_source": "the last source step of a row moves earlier outputs by {gap}",
        "label_of_later_step": "the last label of a row moves earlier outputs by {gap}",
        "label_of_own_step": OWN_STEP,
    },
    script=Script(
        pairs=dict.fromkeys(LAST, ""),
        pair_comment="The last id that is read of each row is another one: earlier steps say the same.",
        positions=before_last,
    ),
    expensive=True,
)
