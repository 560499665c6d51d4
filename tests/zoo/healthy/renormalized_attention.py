"""The softmax runs over padding too; what is left of its weights once padding is out is divided by its sum."""

import keras
import tensorflow as tf
from keras import layers


def masked_softmax(scores, real):
    """Return the softmax over real positions, as AllenNLP computes it."""
    weights = tf.nn.softmax(scores) * real
    return weights / (tf.reduce_sum(weights, axis=-1, keepdims=True) + 1e-13)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        real = tf.cast(tf.not_equal(source, 0), tf.float32)[:, None, :]
        memory, state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        weights = masked_softmax(tf.matmul(decoded, memory, transpose_b=True), real)
        return self.head(tf.concat([decoded, tf.matmul(weights, memory)], axis=-1))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
