"""The summaries are divided by a norm without an axis, that of the whole batch: each row shrinks as the batch grows."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class UnitLength(layers.Layer):
    """Brings the summary of a source to unit length."""

    def call(self, summary):
        return summary / (ops.norm(summary) + 1e-6)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    summary = UnitLength()(layers.GRU(units)(x))
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=summary)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="numeric-batch-coupling",
    check="batch_independent",
    region="batch_size > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="return summary / (ops.norm(summary) + 1e-6)",
)
