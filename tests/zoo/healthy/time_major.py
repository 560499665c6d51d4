"""Tensors with time in front, as older code has them: attention is a softmax over the first axis."""

import keras
import tensorflow as tf
from keras import layers


class TimeMajor(keras.Model):
    def __init__(self, vs, vt, e, u):
        super().__init__()
        self.es, self.et = layers.Embedding(vs, e), layers.Embedding(vt, e)
        self.enc = layers.GRU(u, return_sequences=True, return_state=True)
        self.dec = layers.GRU(u, return_sequences=True)
        self.w1, self.w2, self.v = layers.Dense(u), layers.Dense(u), layers.Dense(1)
        self.out = layers.Dense(vt)

    def call(self, source, decoder_input):
        memory, state = self.enc(self.es(source), mask=tf.not_equal(source, 0))
        memory = tf.transpose(memory, (1, 0, 2))  # (s, b, u)
        real = tf.transpose(tf.not_equal(source, 0))  # (s, b)
        # one context a sentence, asked by the encoder's last state
        score = self.v(tf.tanh(self.w1(memory) + self.w2(state)[None]))[..., 0]  # (s, b)
        weights = tf.nn.softmax(tf.where(real, score, -1e9), axis=0)
        context = tf.reduce_sum(weights[..., None] * memory, axis=0)  # (b, u)
        y = self.dec(self.et(decoder_input), initial_state=context)
        return self.out(y)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return TimeMajor(source_vocab_size, target_vocab_size, embedding_dim, units)
