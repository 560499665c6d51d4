"""One promise in several forms: a model that is run in another way gives what it gives when it is called.

The other way may raise where the call does not: that is told with the exception, as a warning, since the model runs
without it. A different answer is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Results, forward, never
from fuzzseq.checks.differential import compared, confirmation, confirmed_difference, failed, nothing_compared, real
from fuzzseq.protocol.outcome import Run, Verdict, Way
from fuzzseq.targets.spec import Spec

COMPARE: Final = compared(real)


def keras_model(spec: Spec) -> str | None:
    """Say that a check needs a Keras model that is called on one structure of inputs."""
    if spec.calling == "steps":
        return "a separate encoder and decoder are not one Keras model"
    if spec.calling == "arguments":
        return "Keras passes inputs as one structure, but this model takes several arguments"
    return None if spec.keras_model else "the model is a plain callable"


def beside(way: Way) -> Callable[[Case, Spec], Mapping[str, Run]]:
    """Return the plan that runs the batches by calling the model, and in another way."""

    def runs(case: Case, spec: Spec) -> Mapping[str, Run]:
        base = attrs.evolve(forward(case), mode="eager", watched=False)
        other: Run = attrs.evolve(base, way=way)
        return {"called": base, way: other}

    return runs


def confirmed(way: Way) -> Callable[[Results, Case, Spec], Mapping[str, Run]]:
    """Return what confirms a difference: the other way has no float64, so that the noise of the weights decides."""

    def runs(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
        if results[way].raised:
            return {}
        wanted = confirmation(results, beside(way)(case, spec), "called", way, COMPARE)
        return {name: run for name, run in wanted.items() if not name.endswith((" double", " watched"))}

    return runs


def _told(message: str) -> str:
    """Return what an exception says itself: of a chain of them the last, and no example that Keras appends."""
    return message.rsplit("Exception encountered: ", 1)[-1].split("\nExample:", 1)[0].replace("\n", " ")


def otherwise(
    name: str,
    description: str,
    way: Way,
    applies: Callable[[Spec], str | None],
    *,
    differs: str,
    raises: str = "",
    **details: Any,
) -> Check:
    """Return the check of a way; ``differs`` is what a different answer is said to come from.

    ``raises`` is what is said to raise, and tells that with a warning; where it is empty, the way may raise.
    """
    check = Check(
        name=name,
        description=description,
        plan=beside(way),
        judge=never,
        applies=applies,
        confirm=confirmed(way),
        judges_exceptions=True,
        expensive=True,
        profiles=("nightly",),
    )
    check = attrs.evolve(check, **details)

    def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
        raised = results[way].raised
        if (called := results["called"].raised) is not None:
            return check.not_reached(called)
        if raised is not None and not raises:
            return None
        if raised is not None:
            return check.failed(
                f"{raises} raises {raised.exception}: {_told(raised.message)}",
                stage=raised.stage,
                severity="warning",
                position=f"{raised.exception} {raised.position}",
                location=raised.location,
                hints=("raises",),
            )
        if nothing_compared(results, "called", {way: COMPARE}):
            return check.nothing_compared()
        found = confirmed_difference(results, "called", way, COMPARE)
        if found is None:
            return None
        return failed(check, f"{differs} differs from what calling the model gives by {found.said}", found, None)

    return attrs.evolve(check, judge=judge)
