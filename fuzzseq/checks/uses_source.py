"""The source reaches the output: with every source id changed, some score changes.

False alarms that it guards against: a narrow model whose rectifiers are all off, or whose gates are shut, for one draw
of the weights, or whose normalizations leave it one bit (see ``sensitivity``); words that are one to the model, as with
the hashing trick or folded case (other words are tried); a source of one step that says nothing, as where frames are
normalized over time (longer rows are tried); a model that loses its source to padding (rows without any are tried).
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import longer, with_batches, with_other_source
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, forward, has_source
from fuzzseq.checks.script import Script
from fuzzseq.checks.sensitivity import in_wider_model, same, stays, with_other_weights
from fuzzseq.protocol.evidence import Unmoved
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, Run, RunKey
from fuzzseq.targets.spec import Spec

#: How far the words of still other sources are.
_FURTHER: Final = (2, 3)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches as they are, and with every source id changed."""
    other = with_other_source(case, spec.contract)
    return {"base": forward(case), "other_source": attrs.evolve(forward(case), batches=other)} if other else {}


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Ask again under other weights, with other words, of longer rows, and in a wider model."""
    first = plan(case, spec)
    if not first:
        return {}
    runs: dict[RunKey, Run] = with_other_weights(first)
    for by in _FURTHER:
        if batches := with_other_source(case, spec.contract, by, same_words=True):
            runs[Confirming("other_source", "other_tokens", by)] = attrs.evolve(first["base"], batches=batches)
    bare = with_batches(case, extra_source=0)
    for name, variant in (("bare", bare if bare != case else None), ("longer", longer(case, spec.contract))):
        if variant is not None and (batches := with_other_source(variant, spec.contract, same_words=True)):
            runs[name] = attrs.evolve(first["base"], batches=variant.batches)
            runs[f"{name}_other"] = attrs.evolve(first["base"], batches=batches)
    wide: dict[str, Run] = {**first, **{name: runs[name] for name in ("longer", "longer_other") if name in runs}}
    return runs | in_wider_model(wide, case, spec)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find an output that another source leaves as it was."""
    wide = Confirming("longer", "wide"), Confirming("longer_other", "wide")
    others: list[tuple[RunKey, RunKey]] = [("longer", "longer_other"), ("bare", "bare_other"), wide]
    others += [("base", Confirming("other_source", "other_tokens", by)) for by in _FURTHER]
    if not stays(results, "base", "other_source") or any(same(results, *pair) is False for pair in others):
        return None
    return CHECK.failed(Unmoved(given="source", base="base", other="other_source"), position="output")


CHECK = Check(
    name="uses_source",
    description="the source reaches the output",
    plan=plan,
    judge=judge,
    applies=has_source,
    confirm=confirm,
    cause="decoder-ignores-source",
    script=Script(
        pairs={"other_source": ""},
        pair_comment="Every source id is another one: something is said otherwise.",
        pair_assertion="gap, scale = gaps(first, second)\n"
        'assert gap.max() > 3e-5 * scale, "another source gives the very same output"',
    ),
    expensive=True,
)
