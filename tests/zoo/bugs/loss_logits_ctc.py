"""Probabilities into a CTC loss that takes a softmax of its own: https://github.com/tensorflow/tensorflow/issues/4248."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None)
def build(feature_dim, num_classes, units):
    frames = keras.Input((None, feature_dim), name="frames")
    x = layers.GRU(units, return_sequences=True)(frames)
    model = keras.Model(frames, layers.Dense(num_classes, activation="softmax")(x))
    model.compile("adam", keras.losses.CTC())
    return model


BUG = Bug(
    cause="loss-logits",
    region="True",
    minimal=Case(dimensions={"feature_dim": 2, "output_dim": 3, "units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),)),
    line='model.compile("adam", keras.losses.CTC())',
    check="loss_logits",
)
