"""A traced run, with unknown batch and time, gives what an eager one gives; and no shape costs a trace of its own.

A model that cannot be traced is not asked: that is an exception, and belongs to ``accepts``. Where the model holds a
``tf.function`` of the user's own, it is run on batches of several widths: one that is given a number of Python's, and
traced anew for each of them, is a warning, since training then spends its time tracing. (TensorFlow guide, "Better
performance with tf.function": each Python value has a trace of its own.)

False alarms that it guards against: rounding (sums may be added up in another order, see ``differential``); random
numbers at inference; a function without a signature, which is traced again for other shapes only when it is called
eagerly.
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import wider
from fuzzseq.checks.base import Check, Plan, Results, forward
from fuzzseq.checks.differential import Agreement, Disagreement, comparable, compared, differing, real
from fuzzseq.protocol.evidence import Retraced
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

#: How many widths are run: TensorFlow warns of five traces in a row.
_WIDTHS: Final = 5


def applies(spec: Spec) -> str | None:
    """Say that the check needs a model that can be traced."""
    return comparable(spec) if spec.contract.graph else "graph=False: the model is not meant to be traced"


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches eagerly and traced, and several widths where something can be traced by each."""
    runs = {"eager": attrs.evolve(forward(case), mode="eager"), "graph": attrs.evolve(forward(case), mode="graph")}
    batches = [case.batches[-1]]
    while spec.traits.own_functions and len(batches) < _WIDTHS:
        (grown,) = wider(attrs.evolve(case, batches=(batches[-1],)), spec.contract).batches
        if grown == batches[-1]:
            break  # No more padding is legal.
        batches.append(grown)
    if len(batches) == _WIDTHS:
        runs["widths"] = attrs.evolve(runs["eager"], batches=tuple(batches), record_layers=False)
    return runs


#: In float64 both runs would be eager, so the noise decides alone.
_AGREEMENT: Final = Agreement(plan=plan, base="eager", others={"graph": compared(real)}, as_executed=True)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the two outputs, and count traces."""
    found = _AGREEMENT.judge(CHECK, results)
    if isinstance(found, Disagreement):
        return differing(CHECK, found)
    counts = results["widths"].last.traces if "widths" in results else {}
    again = next((name for name, count in counts.items() if count >= _WIDTHS), None)
    if again is None:
        return found
    return CHECK.failed(
        Retraced(function=again, count=counts[again], batches=_WIDTHS), severity="warning", position=again
    )


CHECK = Check(
    name="graph_agrees",
    description="graph mode equals eager mode, and traces once",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    cause="execution-graph",
    differences={"graph": "a traced run and an eager one differ by {gap}"},
    expensive=True,
    run_every=8,
)
