"""The source is reversed as ids, before its embedding: the mask turns with it, and leaves the padding in front out."""

import keras
from keras import layers, ops


def build(src_vocab, tgt_vocab, emb_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    backwards = ops.flip(source, axis=1)
    x = layers.Embedding(src_vocab, emb_dim, mask_zero=True)(backwards)
    _, h, c = layers.LSTM(units, return_state=True)(x)
    y = layers.Embedding(tgt_vocab, emb_dim)(target)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(tgt_vocab)(y))
