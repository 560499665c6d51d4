import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class ContextDecoder(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rnn = layers.GRU(units, return_sequences=True)

    def call(self, embedded, summary):
        summary = tf.reshape(summary, (1, -1, self.units))
        return self.rnn(embedded) + summary


class Headline(keras.Model):
    def __init__(self, vocab_size, emb_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, emb_size, mask_zero=True)
        self.encoder = layers.GRU(units)
        self.decoder = ContextDecoder(units)
        self.vocabulary = layers.Dense(vocab_size)

    def call(self, article, headline):
        summary = self.encoder(self.embedding(article))
        return self.vocabulary(self.decoder(self.embedding(headline), summary))


def build(vocab_size, emb_size, units):
    return Headline(vocab_size, emb_size, units)


BUG = Bug(
    cause="decoder-reshape",
    region="batch_size > 1 and batch_size != target_length",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="summary = tf.reshape(summary, (1, -1, self.units))",
    shown="return self.rnn(embedded) + summary",
)
