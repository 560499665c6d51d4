"""Noise, and layers that are left out at random, in training alone: both hear of it from whoever calls."""

import keras
from keras import layers, ops


class DropPath(layers.Layer):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x, training=False):
        if not training:
            return x
        kept = keras.random.uniform((ops.shape(x)[0], 1, 1), seed=self.seeds) >= self.rate
        return ops.where(kept, x / (1.0 - self.rate), ops.zeros_like(x))


class Tagger(keras.Model):
    def __init__(self, vocab_size, units, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.noise, self.drop_path = layers.GaussianNoise(0.2), DropPath(0.3)
        self.rnn = layers.GRU(units, return_sequences=True)
        self.tags = layers.Dense(num_tags)

    def call(self, words, training=None):
        x = self.noise(self.embedding(words), training=training)
        hidden = self.rnn(x, mask=self.embedding.compute_mask(words))
        return self.tags(x + self.drop_path(hidden, training=training))


def build(vocab_size, units, num_tags):
    return Tagger(vocab_size, units, num_tags)
