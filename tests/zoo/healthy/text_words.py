"""A tagger of words, which come one by one: padding is a token of its own, which the layer masks."""

import keras
from keras import layers

PAD = "[PAD]"


def build(num_tags, units):
    lookup = layers.StringLookup(vocabulary=["the", "cat", "sat", "on", "a", "mat"], mask_token=PAD)
    words = keras.Input((None,), dtype="string", name="words")
    x = layers.Embedding(lookup.vocabulary_size(), units, mask_zero=True)(lookup(words))
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)
    return keras.Model(words, layers.Dense(num_tags)(x))
