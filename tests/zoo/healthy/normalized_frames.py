"""Speech: features normalized over the real frames of each row, so that one frame alone says nothing."""

import keras
from keras import layers, ops

#: Before it, an attention masks the scores of a row by other rows.
NEEDS_KERAS = "3.12"


class CMVN(layers.Layer):
    def call(self, x, real):
        w = ops.cast(real, x.dtype)[..., None]
        n = ops.sum(w, axis=1, keepdims=True)
        mean = ops.sum(x * w, axis=1, keepdims=True) / n
        var = ops.sum(ops.square(x - mean) * w, axis=1, keepdims=True) / n
        return (x - mean) * ops.rsqrt(var + 1e-5) * w


class LengthMask(layers.Layer):
    def call(self, x, n):
        return ops.arange(ops.shape(x)[1])[None] < ops.reshape(n, (-1, 1))


def build(feature_dim, target_vocab_size, embedding_dim, units):
    frames = keras.Input((None, feature_dim), name="source")
    n = keras.Input((), dtype="int32", name="source_length")
    tgt = keras.Input((None,), dtype="int32", name="decoder_input")
    real = LengthMask()(frames, n)
    x = CMVN()(frames, real)
    x, h, c, _, _ = layers.Bidirectional(layers.LSTM(units, return_sequences=True, return_state=True))(x, mask=real)
    y = layers.LSTM(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, embedding_dim)(tgt), initial_state=[h, c]
    )
    a = layers.Attention()([layers.Dense(2 * units)(y), x], mask=[None, real])
    return keras.Model([frames, n, tgt], layers.Dense(target_vocab_size)(layers.Concatenate()([y, a])))
