"""A convolution over the source sees the padding's embedding beside the last words; only the pooling is masked."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Headliner(keras.Model):
    """A convolutional reader, the mean of its real steps, and a GRU writer."""

    def __init__(self, vocab_size, units, kernel_size):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.reader = layers.Conv1D(units, kernel_size, padding="same", activation="tanh")
        self.writer = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        article, headline = inputs
        real = tf.cast(tf.not_equal(article, 0), tf.float32)[:, :, None]
        read = self.reader(self.embedding(article))
        summary = tf.reduce_sum(read * real, axis=1) / tf.reduce_sum(real, axis=1)
        return self.head(self.writer(self.embedding(headline), initial_state=summary))


def build(vocab_size, units, kernel_size):
    return Headliner(vocab_size, units, kernel_size)


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="kernel_size > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "kernel_size": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="read = self.reader(self.embedding(article))",
)
