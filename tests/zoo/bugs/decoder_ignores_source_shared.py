"""One GRU reads both sides, and starts the second from nothing: the state of the source is thrown away."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Autoencoder(keras.Model):
    """An encoder and a decoder that share all their weights."""

    def __init__(self, vocab_size, embed_dim, gru_units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embed_dim, mask_zero=True)
        self.gru = layers.GRU(gru_units, return_sequences=True, return_state=True)
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        source, target = inputs
        _, state = self.gru(self.embedding(source))
        output, state = self.gru(self.embedding(target))
        return self.head(output), state


def build(vocab_size, embed_dim, units):
    return Autoencoder(vocab_size, embed_dim, units)


BUG = Bug(
    cause="decoder-ignores-source",
    check="uses_source",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="output, state = self.gru(self.embedding(target))",
)
