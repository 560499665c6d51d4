"""By the encoder and the decoder that the factory returned beside its model, stepped through the target."""

from __future__ import annotations

from typing import Final

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import by_role
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput, SteppedSubject

#: The lines of a script that give the output in this way.
SCRIPT: Final = ("output = {stepped}",)


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Run a batch forward, one decoder step after another."""
    if built.inference is None:
        raise RuntimeError("the factory returned no encoder and decoder beside its model")
    return SteppedSubject(built.inference, built.spec, built.subject.mark).forward(by_role(built.spec, fed), False)
