"""A decoder LSTM that starts from the encoder's summary through a dense bridge: one unit too wide, and right.

An LSTM takes two states, h and c, each of shape (batch, units). A bridge of another width builds without complaint,
since a subclassed model meets its first tensor only when it is called.
"""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Translator(keras.Model):
    """An encoder GRU, a bridge to the decoder's two states, and a decoder LSTM."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units, state_width):
        """Make the layers; ``state_width`` is the width of the states that the bridge makes."""
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.bridge_h = layers.Dense(state_width, activation="tanh")
        self.bridge_c = layers.Dense(state_width, activation="tanh")
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        """Return scores (batch, target steps, words)."""
        summary = self.encoder(self.source_embedding(source), mask=ops.not_equal(source, 0))
        states = [self.bridge_h(summary), self.bridge_c(summary)]
        embedded = self.target_embedding(decoder_input)
        y = self.decoder(embedded, mask=ops.not_equal(decoder_input, 0), initial_state=states)
        return self.scores(y)


@fuzz_target
def wrong_state(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Wrong: the bridge makes states of units + 1, and the LSTM's cells have units."""
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units, state_width=units + 1)


@fuzz_target
def right_state(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Right: states are as wide as the cells."""
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units, state_width=units)
