"""One unit, normalized over itself, is the same for all data: https://github.com/keras-team/keras/issues/13891."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None)
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(series)
    model = keras.Model(series, layers.LayerNormalization()(layers.Dense(1)(x)))
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="decoder-ignores-source",
    region="batch_size > 1 or source_length > 1",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2, 2), ()),)),)),
    line="model = keras.Model(series, layers.LayerNormalization()(layers.Dense(1)(x)))",
    check="uses_source",
)
