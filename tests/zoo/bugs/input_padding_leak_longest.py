"""The summary of every row is read at the end of the longest one: a shorter row's has run on through its padding."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Seq2Seq(keras.Model):
    """A GRU translator that finds the last word of its source by counting."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        outputs = self.encoder(self.source_embedding(source))
        lengths = tf.reduce_sum(tf.cast(tf.not_equal(source, 0), tf.int32), axis=1)
        summary = outputs[:, tf.reduce_max(lengths) - 1]
        return self.head(self.decoder(self.target_embedding(target), initial_state=summary))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Seq2Seq(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="input-padding-leak",
    check="batch_independent",
    region="ragged_source",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3), ()))),),
    ),
    line="summary = outputs[:, tf.reduce_max(lengths) - 1]",
)
