"""The summary is the output at the last column: a masked GRU repeats there what it gave at the last word."""

import keras
from keras import layers


class Seq2Seq(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        summary = self.encoder(self.source_embedding(source))[:, -1]
        return self.head(self.decoder(self.target_embedding(target), initial_state=summary))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Seq2Seq(source_vocab_size, target_vocab_size, embedding_dim, units)
