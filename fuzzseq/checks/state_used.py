"""An initial state that a model takes matters: another one changes some score.

False alarms that it guards against: a gate that is shut for one draw of the weights, and a narrow model that has no
room for what the state says (see ``sensitivity``).
"""

from __future__ import annotations

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import with_batches
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, forward
from fuzzseq.checks.sensitivity import in_wider_model, stays, with_other_weights
from fuzzseq.protocol.evidence import Unmoved
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a state."""
    return None if spec.contract.initial_state else "the model takes no initial state"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches from a state of zeros, and from a random one."""
    return {kind: forward(with_batches(case, initial_state=kind)) for kind in ("zeros", "random")}


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Ask again under other weights, and in a wider model."""
    first = plan(case, spec)
    return with_other_weights(first) | in_wider_model(first, case, spec)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find an output that another state leaves as it was."""
    if not stays(results, "zeros", "random"):
        return None
    return CHECK.failed(Unmoved(given="initial_state", base="zeros", other="random"), position="output")


CHECK = Check(
    name="state_used",
    description="the initial state affects the output",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    cause="state-unused",
    expensive=True,
)
