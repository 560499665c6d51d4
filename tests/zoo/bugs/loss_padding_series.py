"""The mask of a Masking layer is lost in a loss of its own: https://github.com/tensorflow/tensorflow/issues/34491."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def squared_error(labels, values):
    return ops.mean(ops.square(labels - values))


@fuzz_target(loss=squared_error)
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(layers.Masking()(series))
    return keras.Model(series, layers.Dense(1)(x))


BUG = Bug(
    cause="loss-padding",
    region="True",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), ()),)),)),
    line="return ops.mean(ops.square(labels - values))",
    check="loss_ignores_padding",
)
