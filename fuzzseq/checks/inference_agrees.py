"""The encoder and the decoder for inference, stepped through the target, give what the model that is trained gives.

A factory may return ``(model, encoder, decoder)``, as the tutorial of Keras does: two models made of the layers of the
one that is trained. They share its weights, so that both give the same scores, unless a state is swapped, dropped or
fed anew on the way.

False alarms that it guards against: rounding; random numbers at inference; a decoder that takes all steps so far, and
carries no state from one to the next; an encoder and a decoder whose weights are not those of the model.
"""

from __future__ import annotations

from fuzzseq.checks.differential import comparable
from fuzzseq.checks.execution_modes import executed_otherwise
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs an encoder and a decoder beside the model."""
    contract = spec.contract
    if not spec.traits.inference_models:
        return "the factory returns no encoder and decoder beside its model"
    if not {"source", "decoder_input"} <= {item.role for item in contract.inputs}:
        return "the model is given no target to step through"
    if contract.decoder is None or "states" not in contract.decoder.roles:
        return "the decoder for inference carries no state from step to step"
    return comparable(spec)


CHECK = executed_otherwise(
    "inference_agrees",
    "the encoder and decoder for inference equal the model that is trained",
    "inference",
    applies,
    differs="stepping the encoder and the decoder for inference",
    raises="stepping the encoder and the decoder for inference",
    cause="decoder-step-mismatch",
    stage="decode",
    profiles=("quick", "ci", "nightly"),
)
