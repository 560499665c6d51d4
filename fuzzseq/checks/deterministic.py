"""At inference, two runs of one case from the same variables give the same output.

The random generators are in another state for the second run: dropout that is left on shows. Rounding is let pass (sums
may be added up in another order); a model that samples on purpose declares it with ``skip``. One that does not agree
with itself cannot be held to what two runs have in common: expensive checks are not reached then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward
from fuzzseq.checks.differential import Disagreement, difference, differing
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

#: What sums may differ by that are added up in another order, beside the values.
_COUNTS: Final = 1e-4


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches forward twice."""
    return {"base": forward(case), "again": attrs.evolve(forward(case), repetition=1)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs."""
    both = zip(results["base"].observed, results["again"].observed, strict=True)
    pairs = [(one.output, two.output) for one, two in both if one.output is not None and two.output is not None]
    gaps = [gap for one, two in pairs if (gap := difference(one, two)) is not None]
    if large := [gap for gap in gaps if gap.relative > _COUNTS]:
        return differing(CHECK, Disagreement(large[0], "again"))
    return None if gaps else CHECK.nothing_compared()


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Compare one run with twenty others: two small outputs may be equal by chance."""
    yield f"first = np.array({run.output})"
    yield "# Two small outputs may be equal by chance: twenty are not."
    yield "others = []"
    yield "for _ in range(20):"
    yield f"    others.append(np.array({run.output}))"
    if run.spec.contract.calling == "steps":
        yield stage_line("forward")
    yield "gap = max(gaps(first, other)[0].max() for other in others)"
    yield 'assert gap <= 1e-4 * gaps(first, first)[1], f"two runs differ by {gap:.2g}"'


CHECK = Check(
    name="deterministic",
    description="two inference runs of the same case give the same output",
    plan=plan,
    judge=judge,
    cause="execution-nondeterministic",
    cause_weight=95,
    differences={"again": "two runs of one case differ by {largest} at {index} of the output"},
    blocks="expensive",
    script=Script(lines=script_lines),
)
