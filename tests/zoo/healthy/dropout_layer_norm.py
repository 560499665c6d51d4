"""GRUs with dropout inside and between, and layer normalization after each."""

import keras
from keras import layers, ops


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Dropout(0.2)(layers.Embedding(source_vocab_size, embedding_dim)(source))
    x, state = layers.GRU(units, return_sequences=True, return_state=True, dropout=0.1, recurrent_dropout=0.1)(
        x, mask=ops.not_equal(source, 0)
    )
    state = layers.LayerNormalization()(state)
    y = layers.Dropout(0.2)(layers.Embedding(target_vocab_size, embedding_dim)(decoder_input))
    y = layers.GRU(units, return_sequences=True)(y, mask=ops.not_equal(decoder_input, 0), initial_state=state)
    y = layers.Dropout(0.3)(layers.LayerNormalization()(y))
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
