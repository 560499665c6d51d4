"""A constructor says whether this is training, once and for all: https://github.com/tensorflow/tensorflow/issues/32113."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Encoder(layers.Layer):
    def __init__(self, vocab_size, units, training=False):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.dropout = layers.SpatialDropout1D(0.3)
        self.rnn = layers.LSTM(units, return_sequences=True)
        self.training = training

    def call(self, words):
        x = self.dropout(self.embedding(words), training=self.training)
        return self.rnn(x, mask=self.embedding.compute_mask(words))


def build(vocab_size, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Dropout(0.1)(Encoder(vocab_size, units)(words))
    return keras.Model(words, layers.Dense(num_tags)(x))


BUG = Bug(
    cause="execution-dropout-off",
    check="training_differs",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="def __init__(self, vocab_size, units, training=False):",
    shown="x = self.dropout(self.embedding(words), training=self.training)",
)
