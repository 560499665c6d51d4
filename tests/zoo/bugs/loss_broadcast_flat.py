"""Predictions (batch, steps) and labels (batch, steps, 1): https://github.com/keras-team/keras/issues/16836."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def squared_error(labels, values):
    return ops.mean(ops.square(labels - values))


@fuzz_target(padding=None, loss=squared_error, labels="float", series={"channels": 1}, batch_size=1)
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(series)
    return keras.Model(series, layers.Dense(1)(x)[..., 0])


BUG = Bug(
    cause="loss-broadcast",
    region="source_length > 1",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2, 2), (0, 1)),)),)),
    line="return ops.mean(ops.square(labels - values))",
    check="loss_pairs_steps",
)
