"""Positions are counted within what the decoder is given: step by step, every token stands at position 0."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


class Positions(layers.Layer):
    def call(self, x):
        steps = ops.arange(ops.shape(x)[1])
        rates = ops.exp(-9.2 * ops.arange(x.shape[-1], dtype=x.dtype) / x.shape[-1])
        return x + ops.sin(ops.cast(steps, x.dtype)[:, None] * rates)


def build(source_vocab_size, target_vocab_size, units):
    """A GRU encoder and a GRU decoder over embeddings with sinusoidal positions."""
    source = keras.Input((None,), dtype="int32", name="source")
    x = Positions()(layers.Embedding(source_vocab_size, units)(source))
    encoder = keras.Model(source, layers.GRU(units)(x, mask=ops.not_equal(source, 0)))

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    state = keras.Input((units,), name="state")
    y = Positions()(layers.Embedding(target_vocab_size, units)(tokens))
    y, last = layers.GRU(units, return_sequences=True, return_state=True)(y, initial_state=state)
    return EncoderDecoder(encoder, keras.Model([tokens, state], [layers.Dense(target_vocab_size)(y), last]))


BUG = Bug(
    cause="decoder-step-mismatch",
    check="stepwise",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="steps = ops.arange(ops.shape(x)[1])",
)
