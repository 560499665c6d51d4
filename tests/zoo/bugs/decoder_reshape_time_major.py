"""A reshape to (time, batch, width) stands where a transpose is meant: rows are cut up and read across each other."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class TimeMajorGRU(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.cell = layers.GRUCell(units)

    def build(self, shape):
        self.cell.build((None, shape[-1]))

    def call(self, x, state):
        rows, steps = tf.shape(x)[0], tf.shape(x)[1]
        major = tf.reshape(x, (steps, rows, x.shape[-1]))
        states = tf.scan(lambda last, step: self.cell(step, last)[0], major, initializer=state)
        return tf.reshape(states, (rows, steps, self.units))


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = TimeMajorGRU(units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.encoder(self.source_embedding(source))
        return self.head(self.decoder(self.target_embedding(target), state))


def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="decoder-reshape",
    check="batch_independent",
    region="batch_size > 1 and target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), (3,)))),),
    ),
    line="major = tf.reshape(x, (steps, rows, x.shape[-1]))",
)
