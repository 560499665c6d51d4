"""A subclassed stack of LSTMs that takes an initial state for each layer as an argument, and returns the last ones."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


class Tagger(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units, num_layers, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.lstms = [layers.LSTM(units, return_sequences=True, return_state=True) for _ in range(num_layers)]
        self.scores = layers.Dense(num_tags)

    def call(self, tokens, initial_state=None):
        x, mask, following = self.embedding(tokens), tf.not_equal(tokens, 0), []
        states = initial_state or [None] * len(self.lstms)
        for lstm, state in zip(self.lstms, states, strict=True):
            x, h, c = lstm(x, mask=mask, initial_state=state)
            following += [h, c]
        return self.scores(x), following


@fuzz_target(initial_state="lstm")
def build(vocab_size, embedding_dim, units, num_layers, num_tags):
    return Tagger(vocab_size, embedding_dim, units, num_layers, num_tags)
