"""By a call that does not say whether the model trains: each layer then does what it does by default."""

from __future__ import annotations

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Run a batch forward, and say nothing of training."""
    return built.subject.forward(fed, None)
