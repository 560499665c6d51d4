"""Values of a series that is padded with -1, which a Masking layer leaves out: its mask reaches the loss."""

import keras
from keras import layers


def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(layers.Masking(mask_value=-1.0)(series))
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model
