"""Decoding step by step gives what teacher forcing gives.

A model that is called once for a whole batch is given the target without its last step: the steps that are left give
what they gave. An encoder and a decoder apart are stepped by hand already; where the decoder also takes all steps at
once (it is a functional model with an open time axis), both ways agree.

False alarms that it guards against: a decoder that is written for one step (its attention asks the state that the step
before left, and all steps at once would ask the first): it is not given more; rounding; random numbers; a model that is
not causal (that is ``causal``, and is not said twice), or that skips that check.
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case, Pair, tokens_for_steps, width
from fuzzseq.cases.transforms import each_pair, fixed_length, may_be, with_other_ends, without_earlier
from fuzzseq.checks.base import Check, Plan, Result, Results, forward
from fuzzseq.checks.causal import earlier
from fuzzseq.checks.differential import (
    Agreement,
    Disagreement,
    Gap,
    by_row,
    comparable,
    compared,
    confirmed_difference,
    differing,
    rows_difference,
)
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import WiringRun
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a decoder whose steps can be counted."""
    if not spec.contract.has_target:
        return "the model has no decoder"
    if spec.contract.calling == "steps":
        return comparable(spec) if spec.traits.whole_decoder else "the decoder is written for one step at a time"
    if "causal" in spec.selection.skip:
        return "causal is skipped: a step may depend on later ones"
    return "the number of decoder steps is fixed" if fixed_length("target", spec.contract) else comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches as they are, and cut before their last step; or all steps at once."""
    case = without_earlier(case, spec)
    if spec.contract.calling == "steps":
        wiring = WiringRun(batches=case.batches)
        return {"base": forward(case), "whole": attrs.evolve(forward(case), all_steps_at_once=True), "wiring": wiring}
    contract = spec.contract
    shortest = min(len(pair.target) for batch in case.batches for pair in batch.pairs)
    low = tokens_for_steps(contract.range_of("target_length").min, contract.tokens)
    if shortest < tokens_for_steps(2, contract.tokens) or shortest <= low:
        return {}
    for index, batch in enumerate(case.batches):
        if not may_be("target_length", width(batch, "target", contract) - 1, case.sizes(contract, index), contract):
            return {}
    cut = each_pair(case, lambda pair: Pair(source=pair.source, target=pair.target[:-1]))
    changed = with_other_ends(case, spec.contract, read=True)
    runs = {"base": forward(case), "cut": attrs.evolve(forward(case), batches=cut)}
    return {**runs, "changed": attrs.evolve(forward(case), batches=changed)} if changed else runs


def _compare(one: Result, two: Result) -> Gap | None:
    first, second = by_row(one.last), by_row(two.last)
    if len(first) != len(second):
        return None
    return rows_difference([a[: len(b)] for a, b in zip(first, second, strict=True)], second)


_AGREEMENT: Final = Agreement(plan=plan, others={"whole": _compare, "cut": _compare})


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the scores of the two ways."""
    if "changed" in results and confirmed_difference(results, "base", "changed", compared(earlier)):
        return CHECK.not_applicable("a step depends on those that come after it: see causal")
    found = _AGREEMENT.judge(CHECK, results)
    if not isinstance(found, Disagreement):
        return found
    seen = results["wiring"].last.crossings if "wiring" in results else ()
    dropped = [each for each in seen if each[0].error == "not_returned"]
    if not dropped:
        return differing(CHECK, found)
    crossing, site = dropped[0]
    return attrs.evolve(differing(CHECK, found, None, crossing), location=site)


CHECK = Check(
    name="stepwise",
    description="step-by-step decoding equals teacher forcing",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    stage="decode",
    cause="decoder-step-mismatch",
    differences={
        "cut": "a step gives other scores when no step follows: by {gap}",
        "whole": "the decoder gives other scores for all steps at once than step by step: by {gap}",
    },
    expensive=True,
)
