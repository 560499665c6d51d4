"""A window of several features in, the coming values out, as many as the factory says, whatever the window."""

import keras
from keras import layers

from fuzzseq import dim, fuzz_target


@fuzz_target(horizon=dim(1, 6))
def build(feature_dim, units, horizon):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units)(layers.Masking()(series))
    model = keras.Model(series, layers.Dense(horizon)(x))
    model.compile("adam", keras.losses.Huber())
    return model
