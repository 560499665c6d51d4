"""A decoder of songs that goes on from bar to bar: what it has heard before moves what comes, and nothing else does."""

import keras
from keras import layers

from fuzzseq import dim, fuzz_target


@fuzz_target(batch_size=dim(2), stateful=True, padding=None, kind="decoder")
def build(vocab_size, embedding_dim, units):
    notes = keras.Input(batch_shape=(2, None), dtype="int32", name="notes")
    x = layers.Embedding(vocab_size, embedding_dim)(notes)
    x = layers.LSTM(units, return_sequences=True, stateful=True)(x)
    return keras.Model(notes, layers.Dense(vocab_size)(x))
