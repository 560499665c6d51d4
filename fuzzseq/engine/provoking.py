"""What a model takes that it ought to refuse: one small batch, wrong in one way after the other."""

from __future__ import annotations

import attrs

from fuzzseq.case import StateKind
from fuzzseq.engine.boundary import boundary_cases, first_setting
from fuzzseq.executors.executor import Executor
from fuzzseq.hostile import ending, kinds_for
from fuzzseq.outcome import Request
from fuzzseq.spec import Spec


def acceptance(spec: Spec, seed: int, executor: Executor) -> dict[str, str]:
    """Return how a model takes each kind of wrong input; one execution each."""
    setting = first_setting(spec)
    batch = next((case for case in boundary_cases(spec, seed) if case.dimensions == setting), None)
    if batch is None:
        return {}
    state: StateKind = "zeros" if spec.initial_state else "none"
    case = attrs.evolve(batch, batches=(attrs.evolve(batch.batches[0], initial_state=state),), mode="eager")
    return {
        kind.name: ending(kind, executor.run(Request(case=case, checks=("accepts",), hostile=kind.name)))
        for kind in kinds_for(spec)
    }
