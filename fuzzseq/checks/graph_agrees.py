"""A traced run, with unknown batch and time, gives what an eager one gives.

A model that cannot be traced is not asked: that is an exception, and belongs to ``accepts``.

False alarms that it guards against: rounding (sums may be added up in another order, see ``comparing``); random numbers
at inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, Results, forward
from fuzzseq.checks.comparing import believed, broken, comparable, compared, confirmation, real
from fuzzseq.outcome import Run, Verdict
from fuzzseq.spec import Spec

_COMPARE: Final = compared(real)


def applies(spec: Spec) -> str | None:
    """Say that the check needs a model that can be traced."""
    return comparable(spec) if spec.graph else "graph=False: the model is not meant to be traced"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches eagerly and traced."""
    return {"eager": attrs.evolve(forward(case), mode="eager"), "graph": attrs.evolve(forward(case), mode="graph")}


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Confirm a difference; in float64 both runs would be eager, so the noise decides alone."""
    wanted = confirmation(results, plan(case, spec), "eager", "graph", _COMPARE)
    return {name: run for name, run in wanted.items() if not name.endswith((" double", " watched"))}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs."""
    found = believed(results, "eager", "graph", _COMPARE)
    if found is None:
        return None
    return broken(CHECK, f"a traced run and an eager one differ by {found.said}", found, None)


CHECK = Check(
    name="graph_agrees",
    promise="a traced run gives what an eager one gives",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    thorough=True,
    every=8,
)
