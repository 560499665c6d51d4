"""Batch normalization is left in training mode: each row is normalized by the others of its batch, in use as well."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """An LSTM translator whose summary of the source is normalized."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.LSTM(units, return_state=True)
        self.norm = layers.BatchNormalization()
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        _, h, c = self.encoder(self.source_embedding(source))
        h = self.norm(h, training=True)
        return self.head(self.decoder(self.target_embedding(target), initial_state=[h, c]))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="numeric-batch-coupling",
    check="batch_independent",
    region="batch_size > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((4,), ()))),),
    ),
    line="h = self.norm(h, training=True)",
)
