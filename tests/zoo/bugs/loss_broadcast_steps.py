"""Labels (batch, steps) less predictions (batch, steps, 1): https://github.com/keras-team/keras/issues/14627."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def squared_error(labels, values):
    return ops.mean(ops.square(labels - values))


@fuzz_target(padding=None, loss=squared_error, labels="float", series={"channels": None})
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(series)
    return keras.Model(series, layers.Dense(1)(x))


BUG = Bug(
    cause="loss-broadcast",
    region="batch_size > 1 and source_length > 1 and batch_size != source_length",
    minimal=Case(
        dimensions={"feature_dim": 2, "units": 2},
        batches=(
            Batch(
                pairs=(
                    Pair((2,), ()),
                    Pair((2, 2, 2), ()),
                )
            ),
        ),
    ),
    line="return ops.mean(ops.square(labels - values))",
)
