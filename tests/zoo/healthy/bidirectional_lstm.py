"""A stack of bidirectional LSTMs, whose last states are joined, layer by layer, for a stack of decoder LSTMs."""

import keras
from keras import layers, ops

#: Before it, an attention masks the scores of a row by other rows.
NEEDS_KERAS = "3.12"


def build(source_vocab_size, target_vocab_size, embedding_dim, units, num_layers):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    source_mask = ops.not_equal(source, 0)
    target_mask = ops.not_equal(decoder_input, 0)

    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    states = []
    for _ in range(num_layers):
        lstm = layers.LSTM(units, return_sequences=True, return_state=True)
        x, *four = layers.Bidirectional(lstm)(x, mask=source_mask)
        forward_h, forward_c, backward_h, backward_c = four
        h = layers.Concatenate()([forward_h, backward_h])
        c = layers.Concatenate()([forward_c, backward_c])
        states.append([h, c])
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    for state in states:
        y = layers.LSTM(2 * units, return_sequences=True)(y, mask=target_mask, initial_state=state)
    context = layers.Attention()([y, x], mask=[target_mask, source_mask])
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y + context))
