"""A GRU decoder for one step or for many, with Luong attention after the GRU: both ways give the same scores."""

import keras
from keras import layers, ops

from fuzzseq import EncoderDecoder


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    gru = layers.GRU(units, return_sequences=True, return_state=True)
    encoder = keras.Model(source, gru(x, mask=ops.not_equal(source, 0)))

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    hidden = keras.Input((units,), name="hidden")
    memory = keras.Input((None, units), name="encoder_outputs")
    real = keras.Input((None,), dtype="bool", name="source_mask")
    y = layers.Embedding(target_vocab_size, embedding_dim)(tokens)
    y, state = layers.GRU(units, return_sequences=True, return_state=True)(y, initial_state=hidden)
    scores = layers.Dot(axes=2)([layers.Dense(units, use_bias=False)(y), memory])
    weights = layers.Softmax()(scores, mask=real[:, None, :])
    context = layers.Dot(axes=(2, 1))([weights, memory])
    scores = layers.Dense(target_vocab_size)(layers.Concatenate()([y, context]))
    return EncoderDecoder(encoder, keras.Model([tokens, hidden, memory, real], [scores, state]))
