"""The states of both directions are stacked and reshaped, not transposed: a row gets the states of its neighbor."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class BiTranslator(keras.Model):
    """A bidirectional GRU encoder, whose two last states start a decoder of twice the width."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.units = units
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.Bidirectional(layers.GRU(units, return_state=True))
        self.decoder = layers.GRU(2 * units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        _, *states = self.encoder(self.source_embedding(source))
        state = tf.reshape(tf.stack(states), (-1, 2 * self.units))
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return BiTranslator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-reshape",
    check="batch_independent",
    region="batch_size > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="state = tf.reshape(tf.stack(states), (-1, 2 * self.units))",
)
