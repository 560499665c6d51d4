"""Attention of a language model without its causal mask: https://github.com/keras-team/keras/issues/21284."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None, causal=True)
def build(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, units)(tokens)
    x = x + layers.MultiHeadAttention(1, units)(x, x)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="decoder-sees-future",
    region="source_length > 1",
    minimal=Case(dimensions={"units": 2, "vocab_size": 5}, batches=(Batch(pairs=(Pair((3, 3), ()),)),)),
    line="x = x + layers.MultiHeadAttention(1, units)(x, x)",
    check="causal",
)
