"""The mask of the word embeddings is lost in ``+``: Keras layers hand masks on, plain arithmetic does not."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug

BUCKETS = 4


class HashTranslator(keras.Model):
    """Adds to each word's embedding that of its hash bucket, after Svenstrup et al. (2017)."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.words = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.buckets = layers.Embedding(BUCKETS, embedding_dim)
        self.encoder = layers.GRU(units)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        x = self.words(source) + self.buckets(source % BUCKETS)
        state = self.encoder(x)
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return HashTranslator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = self.words(source) + self.buckets(source % BUCKETS)",
)
