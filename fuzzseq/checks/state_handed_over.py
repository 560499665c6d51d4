"""What an encoder returns as its state reaches the output, where the decoder is given no other.

The states that recurrent layers return which read the source alone are replaced inside of a run. Where nothing follows
from them, and each recurrent layer that reads the target starts from zeros, the decoder was meant to start from what
was read: attention still carries the source, so that ``uses_source`` passes. It is a warning: a decoder with attention
may start from zeros on purpose, but then its encoder need not return a state
(https://www.tensorflow.org/text/tutorials/nmt_with_attention asks for none; in
https://keras.io/examples/nlp/lstm_seq2seq the decoder starts from it).

False alarms that it guards against: an encoder that asks for no state; a state of one layer, or h alone, that is used
where others are not; one that reaches the output by attention or a bridge; the last output, which is the state by
another name; a decoder without recurrent layers; a gate that is shut, and a narrow model (see ``sensitivity``).
"""

from __future__ import annotations

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, forward
from fuzzseq.checks.sensitivity import in_wider_model, stays, with_other_weights
from fuzzseq.protocol.evidence import Unmoved
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source and a target in one model."""
    if not spec.contract.has_source or not spec.contract.has_target:
        return "the model has no encoder and decoder"
    if spec.contract.calling == "steps":
        return "an encoder and a decoder apart: their states are handed over by hand"
    return None


def plan(case: Case, spec: Spec) -> Plan:
    """Run the last batch, and again with other states in the place of the encoder's."""
    batch = case.batches[-1]
    if max(len(pair.source) for pair in batch.pairs) < 2 or not all(pair.target for pair in batch.pairs):
        return {}  # Attention over one step asks nothing of a state.
    base = attrs.evolve(forward(case), batches=(batch,), mode="eager", record_layers=False)
    return {"base": base, "states": attrs.evolve(base, other_encoder_states=True)}


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Ask again under other weights, and in a wider model."""
    first = plan(case, spec)
    return with_other_weights(first) | in_wider_model(first, case, spec)


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find an output that another state of the encoder leaves as it was."""
    if not results["states"].last.handed_over:
        return CHECK.not_applicable("no encoder returns a state to a decoder that could start from it")
    if not stays(results, "base", "states"):
        return None
    site = results["states"].last.handed_over[0]
    return CHECK.failed(Unmoved(given="encoder_state", base="base", other="states"), position="output", location=site)


CHECK = Check(
    name="state_handed_over",
    description="the state that an encoder returns affects the output",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    severity="warning",
    cause="state-unused",
    # A decoder with attention may be meant to start from zeros.
    cause_weight=60,
    expensive=True,
    run_every=2,
)
