"""The states that are returned are those that came in: the next piece of a sequence starts where this one did."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class OnlineRecognizer(keras.Model):
    """Labels the frames of a recording as they come in."""

    def __init__(self, num_features, num_classes, rnn_units):
        super().__init__()
        self.project = layers.Dense(rnn_units, activation="relu")
        self.gru = layers.GRU(rnn_units, return_sequences=True, return_state=True)
        self.classes = layers.Dense(num_classes)

    def call(self, frames, initial_state=None):
        x = self.project(frames)
        state = tf.zeros_like(x[:, 0]) if initial_state is None else initial_state
        x, _ = self.gru(x, initial_state=state)
        return self.classes(x), state


def state_shapes(batch_size, units):
    return (batch_size, units)


@fuzz_target(kind="many_to_many", float_source=True, initial_state=state_shapes)
def build(num_features, num_classes, rnn_units):
    return OnlineRecognizer(num_features, num_classes, rnn_units)


BUG = Bug(
    cause="state-not-carried",
    check="state_chunked",
    region="source_length > 1",
    minimal=Case(
        dimensions={"units": 2, "feature_dim": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="x, _ = self.gru(x, initial_state=state)",
)
