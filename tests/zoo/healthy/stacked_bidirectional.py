"""Bidirectional GRUs on top of each other, the embedding's mask handed on from layer to layer by Keras itself."""

import keras
from keras import layers


def build(source_vocab_size, target_vocab_size, embedding_dim, units, num_layers):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    for _ in range(num_layers - 1):
        x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
        x = layers.Dropout(0.2)(x)
    _, forward, backward = layers.Bidirectional(layers.GRU(units, return_state=True))(x)
    y = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)(decoder_input)
    y = layers.GRU(2 * units, return_sequences=True)(y, initial_state=layers.Concatenate()([forward, backward]))
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
