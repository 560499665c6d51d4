"""The mask comes after the softmax: what padding took of the weights is lost, and the rest sums to less than one."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class AdditiveAttention(layers.Layer):
    """Attention after Bahdanau et al. (2015), for all steps at once."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.keys = layers.Dense(units, use_bias=False)
        self.queries = layers.Dense(units)
        self.score = layers.Dense(1, use_bias=False)

    def call(self, query, memory, real):
        joined = tf.tanh(self.queries(query)[:, :, None] + self.keys(memory)[:, None])
        weights = tf.nn.softmax(tf.squeeze(self.score(joined), axis=-1), axis=-1)
        weights = weights * tf.cast(real, weights.dtype)[:, None, :]
        return tf.matmul(weights, memory)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = AdditiveAttention(units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        real = tf.not_equal(source, 0)
        memory, state = self.encoder(self.source_embedding(source), mask=real)
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        return self.head(tf.concat([decoded, self.attention(decoded, memory, real)], axis=-1))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-attention-mask",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="weights = weights * tf.cast(real, weights.dtype)[:, None, :]",
)
