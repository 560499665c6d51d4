"""Hard attention over words: one that comes twice scores the same twice, and the last bit decides."""

import keras
from keras import layers, ops


class Hard(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.q, self.k = layers.Dense(units), layers.Dense(units)

    def call(self, h, keys, values, real):
        s = ops.matmul(self.q(h), ops.transpose(self.k(keys), (0, 2, 1)))
        s = ops.where(real[:, None], s, -1e9)
        soft = ops.softmax(s, axis=-1)
        hard = ops.one_hot(ops.argmax(s, axis=-1), ops.shape(s)[-1])
        w = soft + ops.stop_gradient(hard - soft)
        return ops.matmul(w, values)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    src = keras.Input((None,), dtype="int32", name="src")
    tgt = keras.Input((None,), dtype="int32", name="tgt")
    real = ops.not_equal(src, 0)
    words = layers.Embedding(source_vocab_size, embedding_dim)(src)
    memory = layers.GRU(units, return_sequences=True)(words, mask=real)
    y = layers.GRU(units, return_sequences=True)(layers.Embedding(target_vocab_size, embedding_dim)(tgt))
    c = Hard(units)(y, words, memory, real)  # keys are words alone: a word that comes twice scores the same twice
    return keras.Model([src, tgt], layers.Dense(target_vocab_size)(layers.Concatenate()([y, c])))
