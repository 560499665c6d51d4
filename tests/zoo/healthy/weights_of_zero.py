"""Sample weights of a function of its own: rare tags count twice, and one tag not at all."""

import keras
import numpy as np
from keras import layers

from fuzzseq import fuzz_target


def weights(labels, source_mask):
    return source_mask * np.where(labels == 0, 0.0, np.where(labels == 1, 2.0, 1.0))


@fuzz_target(sample_weight=weights)
def build(vocab_size, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, units, mask_zero=True)(words)
    x = layers.LSTM(units, return_sequences=True)(x)
    model = keras.Model(words, layers.Dense(num_tags)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, weighted_metrics=["accuracy"])
    return model
