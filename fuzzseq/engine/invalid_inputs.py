"""How a model handles invalid input: one small batch, wrong in one way after the other."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import attrs

from fuzzseq.cases.boundary import boundary_cases, first_setting
from fuzzseq.cases.case import StateKind
from fuzzseq.cases.invalid import Acceptance, Kind, kinds_for
from fuzzseq.engine.executor_pool import ExecutorPool
from fuzzseq.executors.executor import BudgetSpent
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.targets.spec import Spec

#: How many batches are tried, until the model takes one.
_TRIED: Final = 4


def try_invalid_inputs(spec: Spec, seed: int, executors: ExecutorPool) -> dict[str, Acceptance]:
    """Return how a model takes each kind of wrong input, one execution each; nothing where none of it is right first.

    What is made wrong is a batch that the model takes as it is: else its refusal would say nothing.
    """
    setting = first_setting(spec.contract)
    state: StateKind = "zeros" if spec.contract.initial_state else "none"
    usual = [
        attrs.evolve(case, batches=(attrs.evolve(case.batches[0], initial_state=state),), mode="eager")
        for case in boundary_cases(spec.contract, seed)
        if case.dimensions == setting
    ]
    with executors.acquire() as executor, suppress(BudgetSpent):
        ran = (case for case in usual[:_TRIED] if not executor.run(Request(case=case, checks=("accepts",))).failures())
        if case := next(ran, None):
            return {
                kind.name: acceptance_of(kind, executor.run(Request(case=case, checks=("accepts",), invalid=kind.name)))
                for kind in kinds_for(spec.contract)
            }
    return {}


def acceptance_of(kind: Kind, outcome: Outcome) -> Acceptance:
    """Return how a model took a kind of wrong input. A message is clear that names what is wrong, in whatever words."""
    if outcome.ending != "completed":
        return "crashed"
    raised = next((verdict.raised for verdict in outcome.verdicts if verdict.raised is not None), None)
    if raised is None:
        return "silently accepted"
    if raised.ending != "completed":
        return "crashed"
    return "rejected" if FrameworkMessage(raised.message).names(kind.words) else "rejected (unclear error)"
