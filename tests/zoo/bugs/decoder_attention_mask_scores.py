"""The scores of padding are multiplied by zero, and not taken to minus infinity: exp(0) is a weight of its own."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class GeneralAttention(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.project = layers.Dense(units, use_bias=False)

    def call(self, query, memory, real):
        scores = ops.matmul(self.project(query), ops.transpose(memory, (0, 2, 1)))
        scores = scores * ops.cast(real, scores.dtype)[:, None, :]
        return ops.matmul(ops.softmax(scores, axis=-1), memory)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator whose states and attention both read the source."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    real = ops.not_equal(source, 0)
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    memory, state = layers.GRU(units, return_sequences=True, return_state=True)(x, mask=real)
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    context = GeneralAttention(units)(y, memory, real)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(layers.Concatenate()([y, context])))


BUG = Bug(
    cause="decoder-attention-mask",
    check="padding_invariant",
    region="source_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="scores = scores * ops.cast(real, scores.dtype)[:, None, :]",
)
