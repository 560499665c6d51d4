"""Called with the source as a RaggedTensor."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from fuzzseq.cases.arrays import Arrays


def source(arrays: Arrays) -> Any:
    """Return the source of a batch as a RaggedTensor."""
    return tf.RaggedTensor.from_tensor(tf.constant(arrays.source), lengths=tf.constant(arrays.source_length))
