"""One table embeds both sides and scores the output: its row for padding is masked on the way in."""

import keras
import tensorflow as tf
from keras import layers


class Paraphraser(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.encoder = layers.LSTM(units, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True)

    def call(self, source, target):
        _, h, c = self.encoder(self.embedding(source))
        y = self.decoder(self.embedding(target), initial_state=[h, c])
        return tf.einsum("btu,vu->btv", y, self.embedding.embeddings)


def build(vocab_size, units):
    return Paraphraser(vocab_size, units)
