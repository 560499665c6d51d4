"""The last state is kept in an attribute and never reset: the next batch of that size starts from it."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Stream(keras.Model):
    """Tags the pieces of a long text one after the other."""

    def __init__(self, vocab_size, num_tags, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)
        self.tags = layers.Dense(num_tags)
        self.state = None

    def build(self, shape):
        self.built = True

    def call(self, tokens):
        if self.state is not None and self.state.shape[0] != tokens.shape[0]:
            self.state = None
        x, self.state = self.gru(self.embedding(tokens), mask=tf.not_equal(tokens, 0), initial_state=self.state)
        return self.tags(x)


@fuzz_target(kind="many_to_many", graph=False)
def build(vocab_size, num_tags, embedding_dim, units):
    return Stream(vocab_size, num_tags, embedding_dim, units)


BUG = Bug(
    cause="state-leak",
    check="batch_independent",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x, self.state = self.gru(self.embedding(tokens), mask=tf.not_equal(tokens, 0), initial_state=self.state)",
)
