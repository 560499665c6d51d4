"""A compiled model whose own loss, a mean over real tokens, leaves padding out."""

import keras
from keras import layers, ops


def masked_loss(labels, logits):
    each = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    real = ops.cast(ops.not_equal(labels, 0), each.dtype)
    return ops.sum(each * real) / ops.maximum(ops.sum(real), 1.0)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, h, c = layers.LSTM(units, return_state=True)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    model = keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
    model.compile(optimizer="adam", loss=masked_loss)
    return model
