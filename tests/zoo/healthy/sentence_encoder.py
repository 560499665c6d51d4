"""An encoder alone: masked mean pooling over a bidirectional LSTM."""

import keras
from keras import layers, ops


def build(vocab_size, embedding_dim, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    real = ops.not_equal(tokens, 0)
    x = layers.Embedding(vocab_size, embedding_dim)(tokens)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=real)
    weight = ops.cast(real, x.dtype)[..., None]
    return keras.Model(tokens, ops.sum(x * weight, axis=1) / ops.maximum(ops.sum(weight, axis=1), 1.0))
