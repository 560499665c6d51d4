import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class EntityTagger(keras.Model):
    """Gives every word of a sentence a tag."""

    def __init__(self, vocab_size, num_tags, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)
        self.lower = layers.LSTM(units, return_sequences=True)
        self.upper = layers.LSTM(units)
        self.tags = layers.Dense(num_tags)

    def call(self, words):
        return self.tags(self.upper(self.lower(self.embedding(words))))


def build(vocab_size, num_tags, embedding_dim, units):
    return EntityTagger(vocab_size, num_tags, embedding_dim, units)


BUG = Bug(
    cause="execution-output",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="self.upper = layers.LSTM(units)",
)
