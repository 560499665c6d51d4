"""Dropout that stays on at inference, on purpose: many answers, and their spread."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(skip={"deterministic": "Monte Carlo dropout: the spread of many answers is wanted"})
def build(vocab_size, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, units, mask_zero=True)(words)
    x = layers.Dropout(0.2)(layers.LSTM(units, return_sequences=True)(x), training=True)
    return keras.Model(words, layers.Dense(num_tags)(x))
