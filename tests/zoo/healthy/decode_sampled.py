"""A loop that draws each word, warmer or colder."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.encoder(self.source_embedding(source))
        return self.scores(self.decoder(self.target_embedding(target), initial_state=state))

    def sample(self, source, steps, temperature=0.7):
        """Return (rows, steps) ids."""
        ids = tf.ones((len(source), 1), tf.int64)
        for _ in range(steps):
            drawn = tf.random.categorical(self(source, ids)[:, -1] / temperature, 1)
            ids = tf.concat([ids, drawn], axis=1)
        return ids[:, 1:]


@fuzz_target(decode="sample")
def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)
