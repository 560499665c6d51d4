"""Slot attention: a softmax over three slots that compete for each word, and no room for more decoder steps."""

import keras
from keras import layers, ops

from fuzzseq import dim, fuzz_target


class SlotAttention(layers.Layer):
    def __init__(self, slots, units, iterations=2):
        super().__init__()
        self.n, self.u, self.it = slots, units, iterations
        self.k, self.v, self.q = (layers.Dense(units, use_bias=False) for _ in range(3))
        self.cell = layers.GRUCell(units)
        self.norm_in, self.norm = layers.LayerNormalization(), layers.LayerNormalization()

    def build(self, *shape):
        self.start = self.add_weight(shape=(self.n, self.u), initializer="random_normal", name="slots")

    def call(self, x, real):
        b = ops.shape(x)[0]
        x = self.norm_in(x)
        k, v = self.k(x), self.v(x)
        slots = ops.broadcast_to(self.start[None], (b, self.n, self.u))
        for _ in range(self.it):
            s = ops.einsum("bnd,bsd->bns", self.q(self.norm(slots)), k) / self.u**0.5
            w = (ops.softmax(s, axis=1) + 1e-8) * ops.cast(real, s.dtype)[:, None]
            w = w / ops.sum(w, axis=-1, keepdims=True)
            u = ops.matmul(w, v)
            new, _ = self.cell(ops.reshape(u, (b * self.n, self.u)), [ops.reshape(slots, (b * self.n, self.u))])
            slots = ops.reshape(new, (b, self.n, self.u))
        return slots


class Model(keras.Model):
    def __init__(self, vs, vt, u, slots):
        super().__init__()
        self.es, self.et, self.slots = layers.Embedding(vs, u), layers.Embedding(vt, u), SlotAttention(slots, u)
        self.gru, self.q, self.out = layers.GRU(u, return_sequences=True), layers.Dense(u), layers.Dense(vt)

    def call(self, source, decoder_input):
        z = self.slots(self.es(source), ops.not_equal(source, 0))
        y = self.gru(self.et(decoder_input))
        w = ops.softmax(ops.matmul(self.q(y), ops.transpose(z, (0, 2, 1))), axis=-1)
        return self.out(y + ops.matmul(w, z))


@fuzz_target(target_length=dim(1, 3), source_length=dim(1, 8))
def build(source_vocab_size, target_vocab_size, units, num_slots=3):
    return Model(source_vocab_size, target_vocab_size, units, num_slots)
