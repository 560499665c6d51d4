"""A row divided by its own spread, which is zero for a constant one: https://github.com/iKernels/transformers-lightning/pull/18."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None)
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    centered = series - ops.mean(series, axis=1, keepdims=True)
    scaled = centered / ops.std(series, axis=1, keepdims=True)
    x = layers.GRU(units, return_sequences=True)(scaled)
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="numeric-nonfinite",
    region="source_length == 1",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), ()),)),)),
    line="scaled = centered / ops.std(series, axis=1, keepdims=True)",
    check="finite",
)
