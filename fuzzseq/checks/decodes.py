"""The decode loop of the user's own runs on every batch that the model does.

A loop with a beam is also asked for one of width one: what raises for several beams alone is about how rows are
repeated. Decoding ends within the time of a case, or is a hang.

False alarms that it guards against: a loop that is given what it does not take (it was tried when the target was
loaded); one that is written for a single row (it is given one at a time).
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.arrays import Arrays
from fuzzseq.cases.case import Case, width
from fuzzseq.cases.transforms import may_be
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.protocol.evidence import OneBeamPasses
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import DecodeRun
from fuzzseq.targets.spec import Spec

#: How many steps are asked for where a model has no target, and at most.
_STEPS: Final = 4
_MOST_STEPS: Final = 6
#: How many ids a lone decoder goes on with, at most.
_PROMPT: Final = 2


def applies(spec: Spec) -> str | None:
    """Say that the check needs a decode loop."""
    return None if spec.contract.decode is not None else "no decode loop is declared"


def base_run(case: Case, spec: Spec) -> DecodeRun | None:
    """Return the run of a case's loop: one step more than the target has, where the model takes so many.

    None for a case of one step alone: nobody asks a loop for that.
    """
    steps = _STEPS
    if spec.contract.has_target:
        widest = max(case.batches, key=lambda batch: width(batch, "target", spec.contract))
        steps = width(widest, "target", spec.contract)
        sizes = case.sizes(spec.contract, case.batches.index(widest))
        steps += may_be("target_length", steps + 1, sizes, spec.contract)
    return DecodeRun(batches=case.batches, steps=min(steps, _MOST_STEPS)) if steps > 1 else None


def prompt_length(arrays: Arrays) -> int:
    """Return how many ids of a batch a lone decoder goes on with: no more than the shortest row has."""
    return max(1, int(arrays.target_length.min(initial=_PROMPT)))


def one_beam(run: DecodeRun, spec: Spec) -> DecodeRun:
    """Return a run with a beam of width one, where the loop has a beam."""
    call = spec.contract.decode_call
    return attrs.evolve(run, beams=1) if call is not None and call.several_beams > 1 else run


def plan(case: Case, spec: Spec) -> Plan:
    """Decode the batches, and with one beam."""
    base = base_run(case, spec)
    return {} if base is None else {"base": base, "one_beam": one_beam(base, spec)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Pass on what the loop raised, and whether one beam is enough for that."""
    if not results:
        return CHECK.nothing_compared()
    raised = results["base"].raised
    if raised is None:
        return None
    if raised.stage != CHECK.stage:
        return CHECK.not_reached(raised)
    passes = results["one_beam"].raised is None
    evidence = (OneBeamPasses(),) if passes else ()
    return attrs.evolve(CHECK.not_reached(raised), status="raised", evidence=evidence)


CHECK = Check(
    name="decodes",
    description="the decode loop runs on every batch without an exception",
    plan=plan,
    judge=judge,
    applies=applies,
    cause="decoder-step-mismatch",
    stage="generate",
    owns=("generate",),
    judges_exceptions=True,
    expensive=True,
)
