"""In training, dropout drops: each dropout layer that runs, and each recurrent one with dropout of its own.

Outside of training it does not. What says ``training=True`` to a layer, or has it for the default of its ``call``, is
on wherever a model is called and nobody says that it does not train, as in a decode loop: a warning, for that may be
meant, as whoever skips ``deterministic`` says.

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
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward, has_labels
from fuzzseq.checks.differential import Disagreement, difference, differing
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import Difference, DropoutOff
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import AlternativeRun, OwnStepRun, Run
from fuzzseq.targets.spec import Spec

#: The execution that does not say whether a model trains.
BY_DEFAULT: Final = "by_default"


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
    unsaid = AlternativeRun(batches=batches, execution=BY_DEFAULT)
    drops = spec.traits.trains_by_default and "deterministic" not in spec.selection.skip
    return {
        "training": OwnStepRun(batches=batches) if spec.traits.own_training_step else run,
        **({"base": unsaid, BY_DEFAULT: attrs.evolve(unsaid, repetition=1)} if drops else {}),
    }


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find a layer that drops in none of its calls, or what is drawn outside of training."""
    calls = results["training"].last.dropouts
    one, two = (results[name].last.output if name in results else None for name in ("base", BY_DEFAULT))
    gap = difference(one, two) if one is not None and two is not None else None
    if gap is not None and gap.counts:
        verdict = differing(CHECK, Disagreement(gap, BY_DEFAULT))
        return attrs.evolve(verdict, severity="warning", location=calls[0].site if calls else None)
    if not calls:
        return CHECK.not_applicable("no dropout layer ran in training")
    off = next((call for call in calls if not any(each.drops for each in calls if each.path == call.path)), None)
    if off is None:
        return None
    seen = DropoutOff(layer=off.path, rate=off.rate, own_step=spec.traits.own_training_step)
    return CHECK.failed(seen, position=off.path, location=off.site)


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Watch the dropout layers in training, or call the model twice."""
    call = f"model({'**inputs' if run.spec.contract.calling == 'arguments' else 'inputs'})"
    if any(isinstance(seen, Difference) for seen in run.evidence):
        yield from run.inputs
        yield f"outputs = [tf.nest.flatten({call})[0] for _ in range(20)]"
        yield 'assert all(np.allclose(outputs[0], each) for each in outputs), "two calls without training= differ"'
        return
    if not run.spec.traits.functional:
        yield f"{call}  # It has all its layers then: Keras runs one that is new twice."
    yield "calls = dropout_calls(model)"
    yield from run.own_step or run.run
    yield "calls = [call for call in calls if not call[-1]] or calls"
    yield "off = sorted({name for name, *_ in calls} - {name for name, drops, _ in calls if drops})"
    yield 'assert not off, f"in training these drop nothing: {off}"'


CHECK = Check(
    name="training_differs",
    description="dropout layers drop in training, and not outside of it",
    plan=plan,
    judge=judge,
    applies=applies,
    stage="gradient",
    cause="execution-dropout-off",
    execution=BY_DEFAULT,
    differences={BY_DEFAULT: "called without training=..., two runs of one case differ by {largest}"},
    expensive=True,
    run_every=4,
    script=Script(lines=script_lines, training="always", eager=True, weights=False),
)
