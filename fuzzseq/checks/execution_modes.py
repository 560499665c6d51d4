"""One promise in several forms: a model that is executed in another way gives what it gives when it is called.

The other way may raise where the call does not: that is told with the exception, as a warning, since the model runs
without it. A different answer is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, never
from fuzzseq.checks.differential import (
    compared,
    confirmation,
    confirmed_difference,
    differing,
    nothing_compared,
    real,
)
from fuzzseq.checks.script import Script
from fuzzseq.protocol.evidence import RaisedOtherwise
from fuzzseq.protocol.framework_messages import innermost
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import AlternativeRun, ForwardRun
from fuzzseq.targets.spec import Spec

COMPARE: Final = compared(real)


def keras_model(spec: Spec) -> str | None:
    """Say that a check needs a Keras model that is called on one structure of inputs."""
    if spec.contract.calling == "steps":
        return "a separate encoder and decoder are not one Keras model"
    if spec.contract.calling == "arguments":
        return "Keras passes inputs as one structure, but this model takes several arguments"
    return None if spec.traits.keras_model else "the model is a plain callable"


def called_and(execution: str) -> Callable[[Case, Spec], Plan]:
    """Return the plan that runs the batches by calling the model, and by another execution."""

    def runs(case: Case, spec: Spec) -> Plan:
        batches = case.batches
        return {"called": ForwardRun(batches=batches), execution: AlternativeRun(batches=batches, execution=execution)}

    return runs


def confirmed(execution: str) -> Callable[[Results, Case, Spec], Confirmations]:
    """Return what confirms a difference: the other way has no float64, so that the noise of the weights decides."""

    def runs(results: Results, case: Case, spec: Spec) -> Confirmations:
        if results[execution].raised:
            return {}
        plan = called_and(execution)(case, spec)
        return confirmation(results, plan, "called", execution, COMPARE, as_executed=True)

    return runs


def executed_otherwise(
    name: str,
    description: str,
    execution: str,
    applies: Callable[[Spec], str | None],
    *,
    differs: str,
    raises: str = "",
    **details: Any,
) -> Check:
    """Return the check of an execution; ``differs`` is what a different answer is said to come from.

    ``raises`` is what is said to raise, and tells that with a warning; where it is empty, it may raise.
    """
    check = Check(
        name=name,
        description=description,
        plan=called_and(execution),
        judge=never,
        applies=applies,
        confirm=confirmed(execution),
        execution=execution,
        differences={execution: f"{differs} differs from what calling the model gives by {{gap}}"},
        raises=raises,
        judges_exceptions=True,
        expensive=True,
        profiles=("nightly",),
        script=Script(eager=True),
    )
    check = attrs.evolve(check, **details)

    def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
        raised = results[execution].raised
        if (called := results["called"].raised) is not None:
            return check.not_reached(called)
        if raised is not None and not raises:
            return None
        if raised is not None:
            return check.failed(
                RaisedOtherwise(execution=execution, exception=raised.exception, message=innermost(raised.message)),
                stage=raised.stage,
                severity="warning",
                position=f"{raised.exception} {raised.position}",
                location=raised.location,
            )
        if nothing_compared(results, "called", {execution: COMPARE}):
            return check.nothing_compared()
        found = confirmed_difference(results, "called", execution, COMPARE)
        return None if found is None else differing(check, found, execution, base="called")

    return attrs.evolve(check, judge=judge)
