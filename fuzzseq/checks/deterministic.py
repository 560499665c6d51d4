"""At inference, two runs of one case from the same variables give the same output.

The random generators are in another state for the second run: dropout that is left on shows. Rounding is let pass (sums
may be added up in another order); a model that samples on purpose declares it with ``skip``. One that does not agree
with itself cannot be held to what two runs have in common: thorough checks are not reached then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Results, forward
from fuzzseq.checks.differential import difference
from fuzzseq.protocol.outcome import Run, Verdict
from fuzzseq.targets.spec import Spec

#: What sums may differ by that are added up in another order, beside the values.
_COUNTS: Final = 1e-4


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches forward twice."""
    return {"base": forward(case), "again": attrs.evolve(forward(case), repetition=1)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs."""
    looked = False
    for number, (one, two) in enumerate(zip(results["base"].observed, results["again"].observed, strict=True)):
        if one.output is None or two.output is None:
            continue
        found = difference(one.output, two.output)
        looked = looked or found is not None
        if found is not None and found.relative > _COUNTS:
            return CHECK.failed(
                f"two runs of one case differ by {found.largest:.2g} at {found.index} of the output",
                difference=found.largest if np.isfinite(found.largest) else None,
                where=f"batch {number}, {found.index}",
                position="output",
            )
    return None if looked else CHECK.nothing_compared()


CHECK = Check(
    name="deterministic",
    description="two inference runs of the same case give the same output",
    plan=plan,
    judge=judge,
    blocks=True,
)
