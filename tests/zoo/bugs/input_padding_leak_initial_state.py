"""Keras drops the embedding's mask where a recurrent layer is also given a state: the encoder reads the padding."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class LearnedStart(keras.Model):
    """A GRU translator whose encoder starts from a state that is learned."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)
        self.start = self.add_weight(shape=(1, units), name="start")

    def call(self, source, target):
        start = keras.ops.repeat(self.start, keras.ops.shape(source)[0], axis=0)
        state = self.encoder(self.source_embedding(source), initial_state=start)
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return LearnedStart(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="state = self.encoder(self.source_embedding(source), initial_state=start)",
)
