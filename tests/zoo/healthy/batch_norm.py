"""Batch normalization of the steps and of the summary: in use it goes by moving statistics, and rows stay apart."""

import keras
from keras import layers, ops


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    x = layers.BatchNormalization()(layers.Dense(units, activation="relu")(x))
    _, h, c = layers.LSTM(units, return_state=True)(x, mask=ops.not_equal(source, 0))
    h = layers.BatchNormalization()(h)
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    y = layers.BatchNormalization()(y)
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
