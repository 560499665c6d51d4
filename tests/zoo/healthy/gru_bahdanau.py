"""GRU encoder and a decoder that is stepped by hand, with Bahdanau attention and explicit states."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import EncoderDecoder, fuzz_target


class Encoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, x, hidden=None):
        output, state = self.gru(self.embedding(x), mask=tf.not_equal(x, 0), initial_state=hidden)
        return output, state


class BahdanauAttention(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.w1 = layers.Dense(units, use_bias=False)
        self.w2 = layers.Dense(units)
        self.v = layers.Dense(1, use_bias=False)

    def call(self, query, values, mask):
        score = self.v(tf.nn.tanh(self.w1(values) + self.w2(query)[:, None]))
        score += tf.cast(tf.logical_not(mask), score.dtype)[..., None] * -1e9
        weights = tf.nn.softmax(score, axis=1)
        return tf.reduce_sum(weights * values, axis=1), weights


class Decoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.attention = BahdanauAttention(units)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(vocab_size)

    def call(self, x, hidden, enc_output, source_mask):
        context, weights = self.attention(hidden, enc_output, source_mask)
        step = tf.concat([context[:, None], self.embedding(x)], axis=-1)
        output, state = self.gru(step, initial_state=hidden)
        return self.scores(output), state, weights


@fuzz_target(initial_state="gru")
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    encoder = Encoder(source_vocab_size, embedding_dim, units)
    return EncoderDecoder(encoder, Decoder(target_vocab_size, embedding_dim, units))
