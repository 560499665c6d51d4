"""Past values in, coming values out, by teacher forcing; the loss leaves out the steps whose label is zero."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


def masked_error(labels, values):
    real = ops.cast(ops.not_equal(labels, 0.0), values.dtype)
    return ops.sum(real * ops.abs(labels - values)) / ops.maximum(ops.sum(real), 1.0)


@fuzz_target(loss=masked_error, labels="float")
def build(feature_dim, units):
    past = keras.Input((None, feature_dim), name="source")
    before = keras.Input((None, 1), name="decoder_input")
    _, *state = layers.LSTM(units, return_state=True)(layers.Masking()(past))
    decoded = layers.LSTM(units, return_sequences=True)(before, initial_state=state)
    return keras.Model([past, before], layers.Dense(1)(decoded))
