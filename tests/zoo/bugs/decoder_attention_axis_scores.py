"""The softmax runs over the axis of the one score that each pair has: every weight is one, and no score matters."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class BahdanauAttention(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.w1 = layers.Dense(units)
        self.w2 = layers.Dense(units)
        self.v = layers.Dense(1)

    def call(self, query, values):
        score = self.v(tf.nn.tanh(self.w1(values)[:, None] + self.w2(query)[:, :, None]))
        weights = tf.nn.softmax(score, axis=-1)
        return tf.reduce_sum(weights * values[:, None], axis=2)


class Translator(keras.Model):
    """A GRU translator; what its encoder gives at padding is zero."""

    def __init__(self, input_vocab, tgt_vocab, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(input_vocab, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(tgt_vocab, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True, zero_output_for_mask=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = BahdanauAttention(units)
        self.head = layers.Dense(tgt_vocab)

    def call(self, source, target):
        values, state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        return self.head(tf.concat([decoded, self.attention(decoded, values)], axis=-1))


def build(input_vocab, tgt_vocab, embedding_dim, units):
    return Translator(input_vocab, tgt_vocab, embedding_dim, units)


BUG = Bug(
    cause="decoder-attention-axis",
    check="attention_normalized",
    region="source_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 3, "units": 3},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="weights = tf.nn.softmax(score, axis=-1)",
)
