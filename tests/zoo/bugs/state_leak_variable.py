"""The topic is kept in a variable from batch to batch, in use as in training: a batch depends on the one before."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Chat(keras.Model):
    """A GRU dialogue model that remembers what the talk was about."""

    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)
        self.topic = self.add_weight(shape=(1, units), initializer="zeros", trainable=False, name="topic")

    def call(self, source, target):
        summary = self.encoder(self.embedding(source))
        state = summary + self.topic
        self.topic.assign(ops.mean(summary, axis=0, keepdims=True))
        return self.head(self.decoder(self.embedding(target), initial_state=state))


def build(vocab_size, embedding_dim, units):
    return Chat(vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-leak",
    check="batch_independent",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="self.topic.assign(ops.mean(summary, axis=0, keepdims=True))",
)
