"""One property in several forms: a model that is executed in another way gives what it gives when it is called.

The other way may raise where the call does not: that is reported with the exception, as a warning, since the model runs
without it. A different answer is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, never
from fuzzseq.checks.differential import Agreement, Disagreement, compared, differing, real
from fuzzseq.checks.script import Script
from fuzzseq.protocol.evidence import RaisedOtherwise
from fuzzseq.protocol.framework_messages import innermost
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import AlternativeRun, ForwardRun
from fuzzseq.targets.spec import Spec


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


def executed_otherwise(
    name: str,
    description: str,
    execution: str,
    applies: Callable[[Spec], str | None],
    *,
    differs: str,
    raises: str | None = None,
    **details: Any,
) -> Check:
    """Return the check of an execution; ``differs`` is what a different answer is said to come from.

    ``raises`` is what is said to raise, by default what ``differs``. That is a warning; where it is empty, a model may
    raise, and passes.
    """
    plan = called_and(execution)
    # The other way has no float64, so that the noise of the weights decides.
    agreement = Agreement(plan=plan, base="called", others={execution: compared(real)}, as_executed=True)
    check = Check(
        name=name,
        description=description,
        plan=plan,
        judge=never,
        applies=applies,
        confirm=agreement.confirm,
        execution=execution,
        differences={execution: f"{differs} differs from what calling the model gives by {{gap}}"},
        raises=differs if raises is None else raises,
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
        if raised is not None and not check.raises:
            return None
        if raised is not None:
            return check.failed(
                RaisedOtherwise(execution=execution, exception=raised.exception, message=innermost(raised.message)),
                stage=raised.stage,
                severity="warning",
                position=f"{raised.exception} {raised.position}",
                location=raised.location,
            )
        found = agreement.judge(check, results)
        return differing(check, found) if isinstance(found, Disagreement) else found

    return attrs.evolve(check, judge=judge)
