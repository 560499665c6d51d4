"""A language model that reads a text in pieces of four rows, and keeps its state from one to the next on purpose."""

import keras
from keras import layers

from fuzzseq import dim, fuzz_target


@fuzz_target(batch_size=dim(4), stateful=True, padding=None)
def build(vocab_size, embedding_dim, units):
    tokens = keras.Input(batch_shape=(4, None), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, embedding_dim)(tokens)
    x = layers.LSTM(units, return_sequences=True, stateful=True)(x)
    x = layers.GRU(units, return_sequences=True, stateful=True)(x)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))
