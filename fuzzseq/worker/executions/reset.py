"""After a reset by the model's own method: whatever came before it is forgotten."""

from __future__ import annotations

from typing import Final

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput

SCRIPT: Final = (
    'reset = getattr(model, "reset_states", None) or model.reset_state',
    "reset()",
    "output = {forward}",
)


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Reset the model, and run a batch forward."""
    getattr(built.model, built.spec.traits.reset_method)()
    return built.subject.forward(fed, False)
