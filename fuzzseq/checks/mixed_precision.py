"""Built under the policy ``mixed_float16``, a model runs a training step, and its outputs and loss stay finite.

Values are not compared: half precision rounds a thousandth away. A failure is a warning, since nobody has to train so.
What causes it most often is a mask of ``-1e9`` (minus infinity in half precision, NaN when multiplied by
zero), or a state or a mask that is cast to float32 by name.

False alarms that it guards against: a model that chose its own precision; a loss that is not finite in full precision
either, or an exception there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.finite import bad
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import NonFinite, RaisedOtherwise
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import ForwardRun, TrainingRun
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a Keras model, which takes the policy."""
    if spec.traits.low_precision:
        return "the model already computes in half precision"
    takes_policy = spec.traits.keras_model or spec.contract.calling == "steps"
    return None if takes_policy else "a plain callable has no Keras precision policy"


def plan(case: Case, spec: Spec) -> Plan:
    """Run a training step in both precisions; an encoder alone is run forward."""
    run = TrainingRun if spec.contract.has_labels else ForwardRun
    usual = run(batches=case.batches)
    return {"usual": usual, "mixed": attrs.evolve(usual, precision="mixed")}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look for an exception, and for values that are not finite and were."""
    usual, mixed = results["usual"], results["mixed"]
    if usual.raised is not None:
        return CHECK.not_reached(usual.raised)
    if (raised := mixed.raised) is not None:
        return CHECK.failed(
            RaisedOtherwise(precision="mixed", exception=raised.exception, message=raised.message),
            stage=raised.stage,
            position=f"{raised.exception} {raised.position}",
            location=raised.location,
        )
    parts: tuple[Literal["output", "loss"], ...] = ("output", "loss")
    for part in parts:
        full, half = getattr(usual.last, part), getattr(mixed.last, part)
        if full is not None and half is not None and bad(half).any() and not bad(full).any():
            return CHECK.failed(NonFinite(where=part, precision="mixed"), position=part)
    return None


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Look at the scores, and at the loss."""
    yield from run.run
    for name in ("scores", "loss") if run.spec.contract.has_labels else ("scores",):
        yield f"{name} = np.array(tf.cast({name}, tf.float64))"
        yield f'assert not (np.isnan({name}) | ({name} == np.inf)).any(), "the {name} are not finite"'


CHECK = Check(
    name="mixed_precision",
    description="a training step under mixed_float16 runs and stays finite",
    plan=plan,
    judge=judge,
    applies=applies,
    severity="warning",
    judges_exceptions=True,
    cause="execution-mixed-precision",
    raises="built under mixed_float16 the model",
    expensive=True,
    run_every=12,
    profiles=("nightly",),
    script=Script(
        lines=script_lines,
        prepare='keras.mixed_precision.set_global_policy("mixed_float16")',
        training="always",
        eager=True,
    ),
)
