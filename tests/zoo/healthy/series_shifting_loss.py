"""Labels are the series itself: the loss compares each prediction with the value of the step after."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


def next_value_error(labels, values):
    gaps = ops.square(labels[:, 1:] - values[:, :-1])
    return ops.sum(gaps) / ops.maximum(ops.cast(ops.size(gaps), values.dtype), 1.0)


@fuzz_target(padding=None, causal=True, loss=next_value_error, labels="float")
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(series)
    return keras.Model(series, layers.Dense(1)(x))
