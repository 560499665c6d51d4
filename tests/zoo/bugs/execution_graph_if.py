import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class MaskedMean(layers.Layer):
    def call(self, x, ids):
        real = tf.cast(tf.not_equal(ids, 0), x.dtype)[:, :, None]
        if tf.reduce_all(tf.not_equal(ids, 0)):
            return tf.reduce_mean(x, axis=1)
        return tf.reduce_sum(x * real, axis=1) / tf.maximum(tf.reduce_sum(real, axis=1), 1.0)


class BagToSequence(keras.Model):
    """Pools the source into one vector and decodes from there."""

    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.pool = MaskedMean()
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.pool(self.source_embedding(source), source)
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, units):
    return BagToSequence(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="execution-graph",
    region='mode == "graph"',
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
        mode="graph",
    ),
    line="if tf.reduce_all(tf.not_equal(ids, 0)):",
)
