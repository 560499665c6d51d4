"""The c of a decoder joins backward and forward states, and its h forward and backward ones."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """A bidirectional encoder, and a decoder of both widths."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.Bidirectional(layers.LSTM(units, return_state=True))
        self.decoder = layers.LSTM(2 * units, return_sequences=True)
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        _, forward_h, forward_c, backward_h, backward_c = self.encoder(self.source(source))
        h, c = tf.concat([forward_h, backward_h], -1), tf.concat([backward_c, forward_c], -1)
        y = self.decoder(self.target(decoder_input), initial_state=[h, c])
        return self.scores(y)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-miswired",
    check="state_wiring",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="y = self.decoder(self.target(decoder_input), initial_state=[h, c])",
)
