"""The sum over the words leaves padding out, and is divided by the padded length all the same."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class MeanPooling(layers.Layer):
    def call(self, x, real):
        total = ops.sum(x * ops.cast(real, x.dtype)[..., None], axis=1)
        return total / ops.cast(ops.shape(x)[1], x.dtype)


def build(vocab_size, embedding_dim, units):
    """A sentence encoder: a GRU, and the mean of its outputs."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    real = ops.not_equal(tokens, 0)
    x = layers.Embedding(vocab_size, embedding_dim)(tokens)
    x = layers.GRU(units, return_sequences=True)(x, mask=real)
    x = MeanPooling()(x, real)
    return keras.Model(tokens, layers.Dense(units, activation="tanh")(x))


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return total / ops.cast(ops.shape(x)[1], x.dtype)",
)
