"""Convolutions over the source with zeros at its padding, layer after layer: just what they see beyond its end."""

import keras
import tensorflow as tf
from keras import layers


class Headliner(keras.Model):
    def __init__(self, vocab_size, units, kernel_size, num_layers):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.readers = [layers.Conv1D(units, kernel_size, padding="same", activation="tanh") for _ in range(num_layers)]
        self.writer = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        article, headline = inputs
        real = tf.cast(tf.not_equal(article, 0), tf.float32)[:, :, None]
        x = self.embedding(article) * real
        for reader in self.readers:
            x = reader(x) * real
        summary = tf.reduce_sum(x, axis=1) / tf.reduce_sum(real, axis=1)
        return self.head(self.writer(self.embedding(headline), initial_state=summary))


def build(vocab_size, units, kernel_size, num_layers):
    return Headliner(vocab_size, units, kernel_size, num_layers)
