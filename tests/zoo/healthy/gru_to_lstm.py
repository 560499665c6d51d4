"""A GRU's one state starts an LSTM as h and, through a dense layer, as c: neither is crossed with anything."""

import keras
from keras import layers


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    state = layers.GRU(units)(x)
    cell = layers.Dense(units, activation="tanh")(state)
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[state, cell])
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
