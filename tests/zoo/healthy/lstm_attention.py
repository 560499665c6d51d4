"""LSTM encoder and decoder with additive attention; every mask is computed from the ids and handed on by name."""

import keras
from keras import layers, ops

#: Before it, an attention masks the scores of a row by other rows.
NEEDS_KERAS = "3.12"


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    source_mask = ops.not_equal(source, 0)
    target_mask = ops.not_equal(decoder_input, 0)

    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    memory, h, c = layers.LSTM(units, return_sequences=True, return_state=True)(x, mask=source_mask)
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, mask=target_mask, initial_state=[h, c])
    context = layers.AdditiveAttention()([y, memory], mask=[target_mask, source_mask])
    logits = layers.Dense(target_vocab_size)(layers.Concatenate()([y, context]))
    return keras.Model([source, decoder_input], logits)
