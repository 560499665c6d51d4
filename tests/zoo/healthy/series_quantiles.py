"""Three quantiles of one label at each step: the labels have another width than the output, and are meant to."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


def quantile_error(labels, values):
    gap = labels - values
    share = ops.convert_to_tensor([0.1, 0.5, 0.9], dtype=values.dtype)
    return ops.mean(ops.maximum(share * gap, (share - 1.0) * gap))


@fuzz_target(padding=None, loss=quantile_error, labels="float", series={"channels": 1})
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(series)
    return keras.Model(series, layers.Dense(3)(x))
