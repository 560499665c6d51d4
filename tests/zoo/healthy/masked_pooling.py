"""The summary is the mean and the maximum of the real steps, as one; padding counts in neither."""

import keras
from keras import layers, ops


class MeanAndMax(layers.Layer):
    def call(self, x, real):
        weight = ops.cast(real, x.dtype)[..., None]
        mean = ops.sum(x * weight, axis=1) / ops.maximum(ops.sum(weight, axis=1), 1.0)
        largest = ops.max(ops.where(real[..., None], x, -1e9), axis=1)
        return ops.concatenate([mean, largest], axis=-1)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    real = ops.not_equal(source, 0)
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    x = layers.GRU(units, return_sequences=True)(x, mask=real)
    state = layers.Dense(units, activation="tanh")(MeanAndMax()(x, real))
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
