"""A row alone gives what it gives in a batch, whatever the order of the rows, and whatever batch came before.

Rows are compared at their real positions, and a row that runs alone has the columns that the batch had: what padding
does is not asked here; where the user's own preprocessing makes the columns, and padding counts, no narrower row is run
alone. A model whose batch size is fixed when it is built has no row alone; its order is not asked
either.

False alarms that it guards against: batch normalization at inference, which uses its own statistics (runs are not in
training mode); random numbers at inference; rounding of another shape of matrix product (see ``differential``).
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Batch, Case, width
from fuzzseq.cases.transforms import may_be, with_extra
from fuzzseq.checks.attention import of_other_rows
from fuzzseq.checks.base import Array, Check, Plan, Result, Results, forward
from fuzzseq.checks.differential import (
    Agreement,
    Compare,
    Disagreement,
    Gap,
    by_row,
    comparable,
    culprit,
    differing,
    rows_difference,
)
from fuzzseq.checks.script import Script
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.user_frames import last_assignment
from fuzzseq.targets.spec import Spec

#: The other runs in the order in which they are believed, and what is said of each.
_WAYS: Final = {
    "reversed": "the rows give something else in another order: by {gap}",
    "alone": "the last row gives something else alone than in its batch: by {gap}",
    "first": "the first row gives something else alone than in its batch: by {gap}",
    "after": "a batch gives something else after another one: by {gap}",
}
#: The rows of the base that each is compared with.
_ROWS: Final = {"reversed": slice(None, None, -1), "alone": slice(-1, None), "first": slice(1), "after": slice(None)}


def applies(spec: Spec) -> str | None:
    """Say that the check needs a batch that can change."""
    fixed = "batch_size" in spec.contract.fixed()
    return "the batch size is fixed when the model is built" if fixed else comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the last batch as it is, its last row alone, its rows in reverse, and itself after itself."""
    batch = case.batches[-1]
    base = attrs.evolve(forward(case), batches=(batch,))
    runs = {"base": base}
    if not spec.traits.has_stateful_layers:  # Of those ``state_reset`` speaks.
        runs["after"] = attrs.evolve(base, batches=(reverse(batch), batch))
    if len(batch.pairs) > 1:
        # One row is no batch of a model that is made for several: whether it takes it is asked by running it.
        lone = not spec.contract.fixes_rows() and may_be("batch_size", 1, case.sizes(spec.contract), spec.contract)
        longest = max(len(pair.source) for pair in batch.pairs)
        for way, row in (("alone", -1), ("first", 0)):
            # Padding counts, and it is not ours: a row alone may have fewer columns.
            counts = spec.contract.pads_itself("source") and not spec.contract.pads("source")
            if lone and not (counts and len(batch.pairs[row].source) < longest):
                runs[way] = attrs.evolve(base, batches=(alone(batch, row, spec),))
        runs["reversed"] = attrs.evolve(base, batches=(reverse(batch),))
    # Random states belong to batches and rows by their place: a row that moves would start from another one.
    return {} if batch.initial_state == "random" else runs


def reverse(batch: Batch) -> Batch:
    """Return a batch with its rows in reverse."""
    return attrs.evolve(batch, pairs=batch.pairs[::-1])


def alone(batch: Batch, row: int, spec: Spec) -> Batch:
    """Return one row of a batch as a batch of one, with the columns that it had; sentences have those of their own."""
    single = attrs.evolve(batch, pairs=(batch.pairs[row],), extra_source=0, extra_target=0)
    for side in (each for each in spec.contract.sides() if not spec.contract.forms.pads_itself(each)):
        single = with_extra(single, side, width(batch, side, spec.contract) - width(single, side, spec.contract))
    return single


def comparison(way: str) -> Compare:
    """Return the comparison of the base with one of the changed runs, row by row."""

    def compare(one: Result, two: Result) -> Gap | None:
        first, second = by_row(one.last), by_row(two.last)
        # A run that repeats the base, or measures its noise, has the rows of the base.
        names = ("source", "decoder_input", "labels")
        if any(not np.array_equal(getattr(one.last.arrays, name), getattr(two.last.arrays, name)) for name in names):
            first = first[_ROWS[way]]
        return rows_difference(first, second)

    return compare


_AGREEMENT: Final = Agreement(plan=plan, others={way: comparison(way) for way in _WAYS})


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare every row with itself."""
    found = _AGREEMENT.judge(CHECK, results)
    if not isinstance(found, Disagreement):
        return found
    if found.recorded is None:
        return differing(CHECK, found)
    (one, two), way = found.recorded, found.other
    rows = one.arrays.source_mask.shape[0]

    def aligned(left: Array, right: Array) -> tuple[Array, Array] | None:
        if not left.ndim or left.shape[0] != rows or left.shape[1:] != right.shape[1:]:
            return None
        return left[_ROWS[way]], right

    guilty = culprit(one, two, aligned)
    attention = of_other_rows(one, two, guilty)
    if attention is None:
        return differing(CHECK, found, guilty)
    verdict = differing(CHECK, found, guilty, attention.evidence)
    site = attention.softmax.site
    # A mask that is repeated for each head is often repeated in another order than the rows of the scores have.
    return attrs.evolve(verdict, location=site and last_assignment(site, ("repeat", "tile")))


CHECK = Check(
    name="batch_independent",
    description="the output of a row does not depend on the rest of the batch",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    cause="numeric-batch-coupling",
    differences=_WAYS,
    script=Script(
        pairs={"alone": "[-1:]", "first": "[:1]", "reversed": "[::-1]"},
        pair_comment="The same rows alone or in another order: each says what it said.",
    ),
    expensive=True,
    blocks="expensive",
)
