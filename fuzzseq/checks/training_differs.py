"""In training, dropout drops: each dropout layer that runs, and each recurrent one with dropout of its own.

A call is held to the same one without dropout, and with it: a kept value is scaled up, so that one call shows it,
whatever is drawn. A model with a training step of its own is asked in that step, where ``self(x)`` leaves it off.

False alarms that it guards against: a rate of zero; a layer that gives the same with dropout and without, as one that
is given zeros, or dropout of a state that is not there yet; one that drops in another call of the same step; recurrent
layers that keep their states, which cannot be called again; layers that are frozen, and a model inside of the model
that is called with ``training=False``, as a pretrained one is; a model whose ``call`` takes no ``training``, and that
nobody compiled: its training loop may say it.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward, has_labels
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import DropoutOff
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import OwnStepRun, Run
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a model that is trained in a way that is known."""
    if spec.traits.own_training_step and not spec.traits.train_step_accepts_batch:
        return "its train_step takes no usual batch"
    if not (spec.contract.takes_training or spec.contract.loss == "compiled" or spec.traits.own_training_step):
        return "the call of the model takes no training argument, and what trains it is not known"
    return has_labels(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the last batch as training does."""
    batches = case.batches[-1:]
    run: Run = attrs.evolve(forward(case), batches=batches, mode="eager", training=True, record_layers=True)
    return {"training": OwnStepRun(batches=batches) if spec.traits.own_training_step else run}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find a layer that drops in none of its calls."""
    calls = results["training"].last.dropouts
    if not calls:
        return CHECK.not_applicable("no dropout layer ran in training")
    off = next((call for call in calls if not any(each.drops for each in calls if each.path == call.path)), None)
    if off is None:
        return None
    seen = DropoutOff(layer=off.path, rate=off.rate, own_step=spec.traits.own_training_step)
    return CHECK.failed(seen, position=off.path, location=off.site)


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Watch the dropout layers in training."""
    yield "calls = dropout_calls(model)"
    yield from run.own_step or run.run
    yield "calls = [call for call in calls if not call[-1]] or calls"
    yield "off = sorted({name for name, *_ in calls} - {name for name, drops, _ in calls if drops})"
    yield 'assert not off, f"in training these drop nothing: {off}"'


CHECK = Check(
    name="training_differs",
    description="dropout layers drop in training",
    plan=plan,
    judge=judge,
    applies=applies,
    stage="gradient",
    cause="execution-dropout-off",
    expensive=True,
    run_every=4,
    script=Script(lines=script_lines, training="always", eager=True, weights=False),
)
