"""The decoder starts from the last output of the encoder, which is its state by another name."""

import keras
import tensorflow as tf
from keras import layers


class Translator(keras.Model):
    """A translator with attention."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = layers.Attention()
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        memory, _ = self.encoder(self.source(source))
        decoded = self.decoder(self.target(decoder_input), initial_state=memory[:, -1])
        context = self.attention([decoded, memory], mask=[None, tf.not_equal(source, 0)])
        return self.scores(tf.concat([decoded, context], axis=-1))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
