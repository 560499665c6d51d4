"""The mask of a row is repeated for heads in another order than they are folded into rows in.

See https://github.com/lsdefine/attention-is-all-you-need-keras/issues/36.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug

HEADS = 2


class SelfAttention(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.project = layers.Dense(3 * HEADS * width, use_bias=False)
        self.join = layers.Dense(width)

    def call(self, x, real):
        steps = ops.shape(x)[1]
        heads = ops.reshape(self.project(x), (-1, steps, HEADS, 3 * self.width))
        heads = ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), (-1, steps, 3 * self.width))
        q, k, v = ops.split(heads, 3, axis=-1)
        real = tf.tile(tf.cast(real, x.dtype)[:, None], (HEADS, 1, 1))
        weights = tf.nn.softmax(ops.matmul(q, ops.transpose(k, (0, 2, 1))) - 1e9 * (1.0 - real))
        heads = ops.reshape(ops.matmul(weights, v), (-1, HEADS, steps, self.width))
        return self.join(ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), (-1, steps, HEADS * self.width)))


class Tagger(keras.Model):
    def __init__(self, vocab_size, embedding_dim, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.attention = SelfAttention(embedding_dim)
        self.tags = layers.Dense(num_tags)

    def call(self, words):
        x = self.embedding(words)
        return self.tags(x + self.attention(x, ops.not_equal(words, 0)))


def build(vocab_size, embedding_dim, num_tags):
    return Tagger(vocab_size, embedding_dim, num_tags)


BUG = Bug(
    cause="decoder-attention-mask",
    check="batch_independent",
    region="ragged_source",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3), ()))),),
    ),
    line="real = tf.tile(tf.cast(real, x.dtype)[:, None], (HEADS, 1, 1))",
)
