"""A Transformer written out by hand, with dropout, layer normalization, and -1e9 added to scores that are hidden."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import dim, fuzz_target


class Attention(layers.Layer):
    def __init__(self, units, num_heads):
        super().__init__()
        self.num_heads, self.width = num_heads, units // num_heads
        self.q, self.k, self.v, self.out = (layers.Dense(units) for _ in range(4))
        self.dropout, self.norm = layers.Dropout(0.1), layers.LayerNormalization()

    def heads(self, x):
        x = tf.reshape(x, (tf.shape(x)[0], tf.shape(x)[1], self.num_heads, self.width))
        return tf.transpose(x, (0, 2, 1, 3))

    def call(self, x, memory, hidden, training=False):
        q, k, v = self.heads(self.q(x)), self.heads(self.k(memory)), self.heads(self.v(memory))
        scores = tf.matmul(q, k, transpose_b=True) / self.width**0.5 + hidden * -1e9
        weights = self.dropout(tf.nn.softmax(scores), training=training)
        context = tf.transpose(tf.matmul(weights, v), (0, 2, 1, 3))
        return self.norm(x + self.out(tf.reshape(context, tf.shape(x))))


class Transformer(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, d_model, num_heads):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, d_model)
        self.target_embedding = layers.Embedding(target_vocab_size, d_model)
        self.attentions = [Attention(d_model, num_heads) for _ in range(3)]
        self.scores = layers.Dense(target_vocab_size)

    def call(self, inputs, training=False):
        source, target = inputs
        source_hidden = tf.cast(tf.equal(source, 0), tf.float32)[:, None, None, :]
        target_hidden = tf.cast(tf.equal(target, 0), tf.float32)[:, None, None, :]
        steps = tf.shape(target)[1]
        ahead = 1.0 - tf.linalg.band_part(tf.ones((steps, steps)), -1, 0)
        memory = self.source_embedding(source)
        memory = self.attentions[0](memory, memory, source_hidden, training=training)
        y = self.target_embedding(target)
        y = self.attentions[1](y, y, tf.maximum(target_hidden, ahead), training=training)
        return self.scores(self.attentions[2](y, memory, source_hidden, training=training))


@fuzz_target(d_model=dim(2, 16, multiple_of="num_heads"))
def build(source_vocab_size, target_vocab_size, d_model, num_heads):
    return Transformer(source_vocab_size, target_vocab_size, d_model, num_heads)
