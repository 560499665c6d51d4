"""A greedy loop that ends when all rows have ended, gives padding for rows that have, and keeps the start token."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.LSTM(units, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(target_vocab_size, activation="softmax")

    def call(self, source, target):
        _, *states = self.encoder(self.source_embedding(source))
        return self.scores(self.decoder(self.target_embedding(target), initial_state=states)[0])

    def greedy(self, source, max_length=20):
        """Return (rows, steps) ids."""
        _, *states = self.encoder(self.source_embedding(source))
        token = tf.ones((tf.shape(source)[0], 1), tf.int32)
        found, done = [token], tf.zeros_like(token, tf.bool)
        for _ in range(max_length):
            y, *states = self.decoder(self.target_embedding(token), initial_state=states)
            token = tf.argmax(self.scores(y), axis=-1, output_type=tf.int32)
            token = tf.where(done, 0, token)
            found.append(token)
            done |= token == 2
            if tf.reduce_all(done):
                break
        return tf.concat(found, axis=1)


@fuzz_target(decode="greedy")
def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)
