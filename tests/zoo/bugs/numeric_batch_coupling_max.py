"""The summary is divided by the largest value of the whole batch, not by that of its own row."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Rescale(layers.Layer):
    """Brings a summary of the source to a largest value of one."""

    def call(self, summary):
        return summary / (ops.max(ops.abs(summary)) + 1e-6)


def build(vocab_size, embedding_dim, units):
    """A GRU paraphraser with one vocabulary."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)
    summary = Rescale()(layers.GRU(units)(embedding(source)))
    x = layers.GRU(units, return_sequences=True)(embedding(target), initial_state=summary)
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="numeric-batch-coupling",
    check="batch_independent",
    region="batch_size > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((4,), ()))),),
    ),
    line="return summary / (ops.max(ops.abs(summary)) + 1e-6)",
)
