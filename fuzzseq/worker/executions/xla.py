"""Compiled by XLA for the very shapes of a batch."""

from __future__ import annotations

from typing import Final

import tensorflow as tf

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput

SCRIPT: Final = (
    "# Compiled by XLA for these very shapes.",
    "compiled = tf.function(lambda: {forward}, jit_compile=True{autograph})",
    "output = compiled()",
)


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Run a batch forward, compiled by XLA."""
    tensors = [value for value in tf.nest.flatten(fed) if tf.is_tensor(value)]

    def on_tensors(*given: Nest) -> Nest:
        left = iter(given)
        filled = [next(left) if tf.is_tensor(value) else value for value in tf.nest.flatten(fed)]
        output = built.subject.forward(tf.nest.pack_sequence_as(fed, filled), False)
        return output.scores, output.states

    scores, states = tf.function(on_tensors, jit_compile=True, autograph=False)(*tensors)
    return ForwardOutput(scores, states, scores)
