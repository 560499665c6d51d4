"""At inference, two runs of one case from the same variables give the same output.

The random generators are in another state for the second run: dropout that is left on shows. Rounding is let pass (sums
may be added up in another order); a model that samples on purpose declares it with ``skip``. One that does not agree
with itself cannot be held to what two runs have in common: expensive checks are not reached then.
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward
from fuzzseq.checks.differential import Disagreement, difference, differing
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

#: What sums may differ by that are added up in another order, beside the values.
_COUNTS: Final = 1e-4


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches forward twice."""
    return {"base": forward(case), "again": attrs.evolve(forward(case), repetition=1)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs."""
    looked = False
    for one, two in zip(results["base"].observed, results["again"].observed, strict=True):
        if one.output is None or two.output is None:
            continue
        found = difference(one.output, two.output)
        looked = looked or found is not None
        if found is not None and found.relative > _COUNTS:
            return differing(CHECK, Disagreement(found, "again"))
    return None if looked else CHECK.nothing_compared()


CHECK = Check(
    name="deterministic",
    description="two inference runs of the same case give the same output",
    plan=plan,
    judge=judge,
    cause="execution-nondeterministic",
    cause_weight=95,
    differences={"again": "two runs of one case differ by {largest} at {index} of the output"},
    blocks="expensive",
)
