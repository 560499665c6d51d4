"""A Transformer with sinusoidal positions; all masks are tensors of its own, none is left to Keras to carry along."""

import keras
from keras import layers, ops

from fuzzseq import dim, fuzz_target


class Positions(layers.Layer):
    def call(self, x):
        width = x.shape[-1]
        step = ops.cast(ops.arange(ops.shape(x)[1]), x.dtype)[:, None]
        channel = ops.arange(width)
        rate = ops.power(10000.0, -ops.cast(channel // 2 * 2, x.dtype) / width)
        angle = step * rate[None]
        return x + ops.where(channel % 2 == 0, ops.sin(angle), ops.cos(angle))[None]


class Masks(layers.Layer):
    """Return which keys each query may see: (batch, 1, keys) for padding alone, (batch, queries, keys) when causal."""

    def __init__(self, causal=False):
        super().__init__()
        self.causal = causal

    def call(self, ids):
        real = ops.not_equal(ids, 0)[:, None, :]
        if not self.causal:
            return real
        step = ops.arange(ops.shape(ids)[1])
        return ops.logical_and(real, (step[:, None] >= step[None, :])[None])


def attend(query, value, mask, num_heads, units):
    attention = layers.MultiHeadAttention(num_heads, units // num_heads)
    return layers.LayerNormalization()(query + attention(query, value, attention_mask=mask))


def feed_forward(x, units, inner):
    hidden = layers.Dense(inner, activation="gelu")(x)
    return layers.LayerNormalization()(x + layers.Dense(units)(hidden))


@fuzz_target(units=dim(2, 16, multiple_of="num_heads"))
def build(source_vocab_size, target_vocab_size, units, num_heads, feed_forward_dim, num_layers):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    source_mask = Masks()(source)
    causal_mask = Masks(causal=True)(decoder_input)

    x = Positions()(layers.Embedding(source_vocab_size, units)(source))
    for _ in range(num_layers):
        x = feed_forward(attend(x, x, source_mask, num_heads, units), units, feed_forward_dim)
    y = Positions()(layers.Embedding(target_vocab_size, units)(decoder_input))
    for _ in range(num_layers):
        y = attend(y, y, causal_mask, num_heads, units)
        y = feed_forward(attend(y, x, source_mask, num_heads, units), units, feed_forward_dim)
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
