"""The hashing trick: several words are one to the model."""

import keras
from keras import layers, ops


def build(source_vocab_size, target_vocab_size, units, buckets=4):
    src = keras.Input((None,), dtype="int32", name="src")
    tgt = keras.Input((None,), dtype="int32", name="tgt")
    real = ops.not_equal(src, 0)
    x = layers.Embedding(buckets, units)(layers.Hashing(num_bins=buckets)(src))
    state = layers.GRU(units)(x, mask=real)
    y = layers.GRU(units, return_sequences=True)(layers.Embedding(target_vocab_size, units)(tgt), initial_state=state)
    return keras.Model([src, tgt], layers.Dense(target_vocab_size)(y))
