"""By ``predict``, all rows of a batch at once."""

from __future__ import annotations

from typing import Final

import tensorflow as tf

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput, select_output

SCRIPT: Final = (
    "given = tf.nest.map_structure(lambda x: x if x.dtype == tf.string else x.numpy(), inputs)",
    "output = model.predict(given, batch_size={rows}, verbose=0)",
)


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Run a batch forward by ``predict``."""
    given = tf.nest.map_structure(
        # Keras takes no numpy array of strings.
        lambda value: value.numpy() if tf.is_tensor(value) and value.dtype != tf.string else value,
        fed,
    )
    rows = next(value.shape[0] for value in tf.nest.flatten(given) if hasattr(value, "shape"))
    built.subject.mark.enter("forward")
    raw = tf.nest.map_structure(tf.convert_to_tensor, built.model.predict(given, batch_size=int(rows), verbose=0))
    return ForwardOutput(select_output(raw, built.spec.contract.output), [], raw)
