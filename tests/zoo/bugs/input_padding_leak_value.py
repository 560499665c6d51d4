"""Steps are padded with -10, and those of zeros are masked: https://github.com/keras-team/keras/issues/2208."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(series={"pad": -10.0})
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(layers.Masking()(series))
    return keras.Model(series, layers.Dense(1)(x))


BUG = Bug(
    cause="input-padding-leak",
    region="True",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), ()),)),)),
    line="x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(layers.Masking()(series))",
    check="padding_invariant",
)
