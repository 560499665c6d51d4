"""The next token at each step of one sequence, by attention with a causal mask."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Positions(layers.Layer):
    """Adds a wave that tells the steps apart."""

    def call(self, x):
        return x + ops.sin(ops.arange(ops.shape(x)[1], dtype=x.dtype) * 0.7)[None, :, None]


@fuzz_target(padding=None, causal=True)
def build(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = Positions()(layers.Embedding(vocab_size, units)(tokens))
    x = x + layers.MultiHeadAttention(1, units)(x, x, use_causal_mask=True)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))
