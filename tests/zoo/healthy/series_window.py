"""A window of one length in, and as many values of each feature as the factory says, which are other steps."""

import keras
from keras import layers


def build(feature_dim, units, lookback, horizon):
    series = keras.Input((lookback, feature_dim), name="series")
    x = layers.RepeatVector(horizon)(layers.GRU(units)(series))
    model = keras.Model(
        series, layers.TimeDistributed(layers.Dense(feature_dim))(layers.GRU(units, return_sequences=True)(x))
    )
    model.compile("adam", "mae")
    return model
