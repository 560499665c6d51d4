"""A functional decoder LSTM whose first states come in as inputs beside an encoder's summary of the source."""

import keras
from keras import layers, ops


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    state_h = keras.Input((units,), name="state_h")
    state_c = keras.Input((units,), name="state_c")
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    summary = layers.LSTM(units)(x, mask=ops.not_equal(source, 0), initial_state=[state_h, state_c])
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(
        y, mask=ops.not_equal(decoder_input, 0), initial_state=[summary, state_c]
    )
    return keras.Model([source, decoder_input, state_h, state_c], layers.Dense(target_vocab_size)(y))
