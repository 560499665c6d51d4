"""Counts of each step: the logarithm of the loss is of what is predicted, which is above zero."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(padding=None)
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(series)
    model = keras.Model(series, layers.Dense(1, activation="softplus")(x))
    model.compile("adam", keras.losses.Poisson())
    return model
