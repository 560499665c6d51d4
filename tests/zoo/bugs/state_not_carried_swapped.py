"""The states are returned as c and h, and taken as h and c: the next piece of a sequence starts with them crossed."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class StreamTagger(keras.Model):
    """Tags a stream piece by piece, and returns the states that the next piece starts from."""

    def __init__(self, vocab_size, embedding_dim, units, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.lstm = layers.LSTM(units, return_sequences=True, return_state=True)
        self.tags = layers.Dense(num_tags)

    def call(self, tokens, initial_state=None):
        real = tf.not_equal(tokens, 0)
        x, h, c = self.lstm(self.embedding(tokens), mask=real, initial_state=initial_state)
        return self.tags(x), [c, h]


@fuzz_target(initial_state="lstm")
def build(vocab_size, embedding_dim, units, num_tags):
    return StreamTagger(vocab_size, embedding_dim, units, num_tags)


BUG = Bug(
    cause="state-not-carried",
    check="state_chunked",
    region="source_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="return self.tags(x), [c, h]",
)
