"""A forecaster by centered convolutions: https://github.com/maxim5/time-series-machine-learning/issues/12."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None, causal=True)
def build(num_features, filters):
    series = keras.Input((None, num_features), name="series")
    x = layers.Conv1D(filters, 3, padding="same")(series)
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mae")
    return model


BUG = Bug(
    cause="decoder-sees-future",
    region="source_length > 1",
    minimal=Case(dimensions={"feature_dim": 2, "filters": 2}, batches=(Batch(pairs=(Pair((2, 2), ()),)),)),
    line='x = layers.Conv1D(filters, 3, padding="same")(series)',
    check="causal",
)
