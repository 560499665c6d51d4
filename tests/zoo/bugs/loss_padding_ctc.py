"""CTC over columns that are padding, which keras.losses.CTC takes for real: https://github.com/keras-team/keras/issues/21876."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(num_mel_bins, num_classes, units):
    frames = keras.Input((None, num_mel_bins), name="frames")
    x = layers.GRU(units, return_sequences=True)(frames)
    model = keras.Model(frames, layers.Dense(num_classes)(x))
    model.compile("adam", keras.losses.CTC())
    return model


BUG = Bug(
    cause="loss-padding",
    region="True",
    minimal=Case(dimensions={"feature_dim": 2, "output_dim": 3, "units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),)),
    line='model.compile("adam", keras.losses.CTC())',
    check="loss_ignores_padding",
)
