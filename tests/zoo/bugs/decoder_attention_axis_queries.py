"""The softmax runs over the decoder's steps and not over the source: the weights of one step do not sum to one."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class ScaledDotAttention(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.query = layers.Dense(units)
        self.key = layers.Dense(units)

    def call(self, decoded, memory, real):
        scores = tf.einsum("btu,bsu->bts", self.query(decoded), self.key(memory)) / self.units**0.5
        scores = tf.where(real[:, None, :], scores, -1e9)
        weights = tf.nn.softmax(scores, axis=1)
        return tf.einsum("bts,bsu->btu", weights, memory)


class Chatbot(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.encoder = layers.LSTM(units, return_sequences=True, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.attention = ScaledDotAttention(units)
        self.head = layers.Dense(vocab_size)

    def call(self, question, answer):
        real = tf.not_equal(question, 0)
        memory, h, c = self.encoder(self.embedding(question), mask=real)
        decoded = self.decoder(self.embedding(answer), initial_state=[h, c])
        return self.head(tf.concat([decoded, self.attention(decoded, memory, real)], axis=-1))


def build(vocab_size, embedding_dim, units):
    return Chatbot(vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-attention-axis",
    check="attention_normalized",
    region="source_length > 1 or target_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="weights = tf.nn.softmax(scores, axis=1)",
)
