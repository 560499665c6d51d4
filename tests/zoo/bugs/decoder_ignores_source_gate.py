"""The gate is a softmax over one unit, which is always one: every weight has a gradient, and the source no effect."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class GatedDecoder(keras.Model):
    """A GRU decoder whose outputs are gated by what the encoder read."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.gate = layers.Dense(1, activation="softmax")
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        gate = self.gate(self.encoder(self.source_embedding(source)))
        return self.head(self.decoder(self.target_embedding(target)) * gate[:, None])


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return GatedDecoder(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-ignores-source",
    check="uses_source",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='self.gate = layers.Dense(1, activation="softmax")',
    shown="gate = self.gate(self.encoder(self.source_embedding(source)))",
)
