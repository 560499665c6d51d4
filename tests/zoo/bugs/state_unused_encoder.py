"""The encoder returns its state, and the decoder starts from zeros all the same; attention carries the source."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """A translator with attention."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = layers.Attention()
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        memory, state = self.encoder(self.source(source))
        decoded = self.decoder(self.target(decoder_input), initial_state=tf.zeros_like(state))
        context = self.attention([decoded, memory], mask=[None, tf.not_equal(source, 0)])
        return self.scores(tf.concat([decoded, context], axis=-1))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-unused",
    check="state_handed_over",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3, 3), (3,)),)),),
    ),
    line="memory, state = self.encoder(self.source(source))",
)
