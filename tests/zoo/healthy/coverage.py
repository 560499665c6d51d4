"""Attention with coverage: what earlier steps have looked at counts; only the last softmax makes the weights."""

import keras
import tensorflow as tf
from keras import layers


class CoverageAttention(layers.Layer):
    """Scores once without coverage, sums the weights over the steps before each, and scores again."""

    def __init__(self, units):
        super().__init__()
        self.keys = layers.Dense(units, use_bias=False)
        self.queries = layers.Dense(units)
        self.seen = layers.Dense(units, use_bias=False)
        self.score = layers.Dense(1, use_bias=False)

    def look(self, joined, real):
        scores = tf.squeeze(self.score(tf.tanh(joined)), axis=-1)
        return tf.nn.softmax(tf.where(real[:, None, :], scores, -1e9))

    def call(self, query, memory, real):
        joined = self.queries(query)[:, :, None] + self.keys(memory)[:, None]
        coverage = tf.cumsum(self.look(joined, real), axis=1, exclusive=True)
        weights = self.look(joined + self.seen(coverage[..., None]), real)
        return tf.matmul(weights, memory)


class Summarizer(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = CoverageAttention(units)
        self.head = layers.Dense(vocab_size)

    def call(self, article, summary):
        real = tf.not_equal(article, 0)
        memory, state = self.encoder(self.embedding(article), mask=real)
        decoded = self.decoder(self.embedding(summary), initial_state=state)
        return self.head(tf.concat([decoded, self.attention(decoded, memory, real)], axis=-1))


def build(vocab_size, embedding_dim, units):
    return Summarizer(vocab_size, embedding_dim, units)
