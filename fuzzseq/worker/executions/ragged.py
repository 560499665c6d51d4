"""Called with the source as a RaggedTensor."""

from __future__ import annotations

import tensorflow as tf

from fuzzseq.cases.arrays import Arrays
from fuzzseq.worker.keras_api.objects import Nest


def source(arrays: Arrays) -> Nest:
    """Return the source of a batch as a RaggedTensor."""
    return tf.RaggedTensor.from_tensor(tf.constant(arrays.source), lengths=tf.constant(arrays.source_length))
