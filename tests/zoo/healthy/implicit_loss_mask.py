"""A compiled model whose plain loss is masked by Keras: the mask of the target's embedding reaches the output."""

import keras
from keras import layers


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, h, c = layers.LSTM(units, return_state=True)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    model = keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
