"""A mask of steps meets one loss for each row: https://github.com/keras-team/keras/issues/1382."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(series={"channels": None})
def build(feature_dim, units):
    series = keras.Input((None, feature_dim), name="series")
    x = layers.GRU(units, return_sequences=True)(layers.Masking()(series))
    model = keras.Model(series, layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="loss-mask-shape",
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
    line='model.compile("adam", "mse")',
)
