"""No state is crossed between the layers of a model: h goes where h is meant, and each layer gets its own.

Two states of one width that are swapped leave another valid model: no output shows it. The lineage of the states is
followed from the recurrent layer that takes them to the one that made them, through joins of two directions: by the
symbolic tensors of a functional model, and in a class or a function by their values in an eager run. A state that goes
through a layer with weights is let be. It is a warning: a swap may be meant.

False alarms that it guards against: all layers of a decoder started from the last layer of the encoder; a decoder of
other depth than its encoder; values that are equal by chance (zero, saturated, or made by two layers); two decoders
beside each other, each with the state of its own encoder; a loop that gives a layer its own state of the step before.
"""

from __future__ import annotations

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import WiringRun
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Plan:
    """Look at the model; one that is not functional is run."""
    return {"wiring": WiringRun(batches=case.batches)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Report the first crossing."""
    seen = results["wiring"].last
    if not seen.takers_of_states:
        return CHECK.not_applicable("no recurrent layer of the model is given a state")
    crossed = [each for each in seen.crossings if each[0].error != "not_returned"]  # See stepwise.
    if not crossed:
        return None
    crossing, site = crossed[0]
    return CHECK.failed(crossing, position=crossing.key, location=site)


CHECK = Check(
    name="state_wiring",
    description="no states are swapped between layers",
    plan=plan,
    judge=judge,
    severity="warning",
    stage="build",
    cause="state-miswired",
)
