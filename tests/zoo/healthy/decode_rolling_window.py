"""A model of the next day alone, without a decoder: its forecast puts what it predicted behind the days it has seen."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class NextDay(keras.Model):
    def __init__(self, feature_dim, units):
        super().__init__()
        self.recurrent = layers.GRU(units, return_sequences=True)
        self.values = layers.Dense(feature_dim)

    def call(self, series):
        return self.values(self.recurrent(series))

    def forecast(self, series, horizon):
        found = []
        for _ in range(horizon):
            found.append(self(series)[:, -1:])
            series = ops.concatenate([series[:, 1:], found[-1]], axis=1)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="forecast", causal=True, kind="many_to_many", labels="float", series={"channels": "feature_dim"})
def build(feature_dim, units):
    model = NextDay(feature_dim, units)
    model.compile("adam", "mse")
    return model
