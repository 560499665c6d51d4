"""Dynamic convolutions with heads: a softmax over the taps of a kernel, of which the first layer has one."""

import keras
from keras import layers, ops

from fuzzseq import dim, fuzz_target


class DynamicConv(layers.Layer):
    def __init__(self, units, heads, kernel, causal):
        super().__init__()
        self.h, self.k, self.causal, self.u = heads, kernel, causal, units
        self.inp, self.w, self.o = layers.Dense(2 * units), layers.Dense(heads * kernel), layers.Dense(units)

    def call(self, x, real=None):
        a, b = ops.split(self.inp(x), 2, axis=-1)
        x = a * ops.sigmoid(b)
        bsz, t = ops.shape(x)[0], ops.shape(x)[1]
        w = ops.softmax(ops.reshape(self.w(x), (bsz, t, self.h, self.k)), axis=-1)
        if real is not None:
            x = x * ops.cast(real, x.dtype)[..., None]
        left = self.k - 1 if self.causal else self.k // 2
        p = ops.pad(x, ((0, 0), (left, self.k - 1 - left), (0, 0)))
        windows = ops.stack([p[:, i : i + t] for i in range(self.k)], axis=2)
        windows = ops.reshape(windows, (bsz, t, self.k, self.h, self.u // self.h))
        y = ops.einsum("bthk,btkhd->bthd", w, windows)
        return self.o(ops.reshape(y, (bsz, t, self.u)))


class LightS2S(keras.Model):
    def __init__(self, vs, vt, units, heads, kernels=(1, 3)):
        super().__init__()
        self.es, self.et = layers.Embedding(vs, units), layers.Embedding(vt, units)
        self.enc = [(DynamicConv(units, heads, k, False), layers.LayerNormalization()) for k in kernels]
        self.dec = [(DynamicConv(units, heads, k, True), layers.LayerNormalization()) for k in kernels]
        self.q, self.head = layers.Dense(units), layers.Dense(vt)

    def call(self, source, target):
        real = ops.not_equal(source, 0)
        x = self.es(source)
        for conv, norm in self.enc:
            x = norm(x + conv(x, real))
        y = self.et(target)
        for conv, norm in self.dec:
            y = norm(y + conv(y))
        s = ops.matmul(self.q(y), ops.transpose(x, (0, 2, 1)))
        y = y + ops.matmul(ops.softmax(ops.where(real[:, None], s, -1e9), axis=-1), x)
        return self.head(y)


@fuzz_target(units=dim(4, 16, multiple_of="num_heads"), num_heads=dim(2, 4))
def build(source_vocab_size, target_vocab_size, units, num_heads):
    return LightS2S(source_vocab_size, target_vocab_size, units, num_heads)
