"""At inference, two runs of one case from the same variables give the same output.

The random generators are in another state for the second run: dropout that is left on shows. Rounding is let pass (sums
may be added up in another order); a model that samples on purpose declares it with ``skip``. One that does not agree
with itself cannot be held to what two runs have in common: thorough checks are not reached then.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Results, forward
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches forward twice."""
    return {"base": forward(case), "again": attrs.evolve(forward(case), repetition=1)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs."""
    for number, (one, two) in enumerate(zip(results["base"].observed, results["again"].observed, strict=True)):
        if one.output is None or two.output is None or one.output.shape != two.output.shape:
            continue
        first, second = np.asarray(one.output, np.float64), np.asarray(two.output, np.float64)
        both = np.isfinite(first) & np.isfinite(second)
        gap = np.where(both, np.abs(first - second), 0.0)
        scale = max(1.0, float(np.abs(first[both]).max(initial=0.0)))
        largest = float(gap.max(initial=0.0))
        if largest > 1e-4 * scale:
            index = tuple(int(i) for i in np.unravel_index(int(gap.argmax()), gap.shape))
            return CHECK.broken(
                f"two runs of one case differ by {largest:.2g} at {index} of the output",
                difference=largest,
                where=f"batch {number}, {index}",
                position="output",
            )
    return None


CHECK = Check(
    name="deterministic",
    promise="at inference, two runs of one case give the same output",
    plan=plan,
    judge=judge,
    explains=True,
)
