"""A model of fixed sizes, with no parameter to vary: its vocabularies are found from its embeddings."""

import keras
from keras import layers


def build():
    encoder_inputs = keras.Input((None,), dtype="int32")
    decoder_inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(23, 6, mask_zero=True)(encoder_inputs)
    state = layers.GRU(7)(x)
    y = layers.Embedding(19, 6, mask_zero=True)(decoder_inputs)
    y = layers.GRU(7, return_sequences=True)(y, initial_state=state)
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(19)(y))
