"""A Transformer whose number of heads is a constant of its code: as many as there are source steps, once in a while."""

import keras
from keras import layers, ops

HEADS = 2


class Attention(layers.Layer):
    """Multi-head attention by hand, over keys that are real, and not later than the query where it is causal."""

    def __init__(self, size, causal=False):
        super().__init__()
        self.query, self.key, self.value = (layers.EinsumDense("bsd,dhk->bshk", (None, HEADS, size)) for _ in range(3))
        self.out = layers.EinsumDense("bshk,hkd->bsd", (None, HEADS * size))
        self.causal = causal

    def call(self, x, memory, ids):
        seen = ops.not_equal(ids, 0)[:, None, None, :]
        if self.causal:
            step = ops.arange(ops.shape(ids)[1])
            seen = ops.logical_and(seen, (step[:, None] >= step[None, :])[None, None])
        scores = ops.einsum("bqhk,bshk->bhqs", self.query(x), self.key(memory))
        weights = ops.softmax(ops.where(seen, scores, -1e9), axis=-1)
        return self.out(ops.einsum("bhqs,bshk->bqhk", weights, self.value(memory)))


def build(source_vocab_size, target_vocab_size, units):
    size = HEADS * units
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, size)(source)
    x = layers.LayerNormalization()(x + Attention(units)(x, x, source))
    y = layers.Embedding(target_vocab_size, size)(target)
    y = layers.LayerNormalization()(y + Attention(units, causal=True)(y, y, target))
    y = layers.LayerNormalization()(y + Attention(units)(y, x, source))
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))
