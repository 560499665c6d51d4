"""A decoder twice as wide as its encoder, with nothing between: https://github.com/keras-team/keras/issues/6088."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(2 * units, return_sequences=True)
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.encoder(self.source_embedding(source))
        return self.scores(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-units",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return self.scores(self.decoder(self.target_embedding(target), initial_state=state))",
)
