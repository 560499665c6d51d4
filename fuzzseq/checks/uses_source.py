"""The source reaches the output: with every source id changed, some score changes.

False alarms that it guards against: a narrow model whose rectifiers are all off, or whose gates are shut, for one draw
of the weights (see ``unmoved``).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Results, forward
from fuzzseq.checks.unmoved import stays, with_other_weights
from fuzzseq.checks.varying import with_other_source
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source."""
    return None if spec.has_source else "the model has no source"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches as they are, and with every source id changed."""
    other = with_other_source(case, spec)
    return {"base": forward(case), "other_source": attrs.evolve(forward(case), batches=other)} if other else {}


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Ask again under other weights."""
    return with_other_weights(plan(case, spec))


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find an output that another source leaves as it was."""
    if not stays(results, "base", "other_source"):
        return None
    return CHECK.broken("another source gives the very same output, whatever the weights", position="output")


CHECK = Check(
    name="uses_source",
    promise="the source reaches the output",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    thorough=True,
)
