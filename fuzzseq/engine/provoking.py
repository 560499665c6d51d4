"""What a model takes that it ought to refuse: one small batch, wrong in one way after the other."""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.case import StateKind
from fuzzseq.engine.boundary import boundary_cases, first_setting
from fuzzseq.executors.executor import Executor
from fuzzseq.hostile import ending, kinds_for
from fuzzseq.outcome import Request
from fuzzseq.spec import Spec

#: How many batches are tried, until the model takes one.
_TRIED: Final = 4


def acceptance(spec: Spec, seed: int, executor: Executor) -> dict[str, str]:
    """Return how a model takes each kind of wrong input, one execution each; nothing where none of it is right first.

    What is made wrong is a batch that the model takes as it is: else its refusal would say nothing.
    """
    setting = first_setting(spec)
    state: StateKind = "zeros" if spec.initial_state else "none"
    usual = [
        attrs.evolve(case, batches=(attrs.evolve(case.batches[0], initial_state=state),), mode="eager")
        for case in boundary_cases(spec, seed)
        if case.dimensions == setting
    ]
    ran = (case for case in usual[:_TRIED] if not executor.run(Request(case=case, checks=("accepts",))).failures())
    case = next(ran, None)
    if case is None:
        return {}
    return {
        kind.name: ending(kind, executor.run(Request(case=case, checks=("accepts",), hostile=kind.name)))
        for kind in kinds_for(spec)
    }
