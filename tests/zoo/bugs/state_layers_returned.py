"""The last states are returned top layer first, and taken bottom layer first."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class StackedTagger(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units, num_layers, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.grus = [layers.GRU(units, return_sequences=True, return_state=True) for _ in range(num_layers)]
        self.tags = layers.Dense(num_tags)

    def call(self, tokens, initial_state=None):
        x, real, following = self.embedding(tokens), tf.not_equal(tokens, 0), []
        states = initial_state or [None] * len(self.grus)
        for gru, state in zip(self.grus, states, strict=True):
            x, last = gru(x, mask=real, initial_state=state)
            following.insert(0, last)
        return self.tags(x), following


@fuzz_target(initial_state="gru")
def build(vocab_size, embedding_dim, units, num_layers, num_tags):
    return StackedTagger(vocab_size, embedding_dim, units, num_layers, num_tags)


BUG = Bug(
    cause="state-layers",
    check="state_chunked",
    region="num_layers >= 2 and source_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "num_layers": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="following.insert(0, last)",
)
