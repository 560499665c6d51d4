"""Layers that training leaves out at random, as Python draws it."""

import random

import keras
from keras import layers, ops

from fuzzseq import dim, fuzz_target


class Bart(keras.Model):
    def __init__(self, v, d, h, n, layerdrop=0.2):
        super().__init__()
        self.layerdrop = layerdrop
        self.shared = layers.Embedding(v, d)
        self.enc = [(layers.MultiHeadAttention(h, d // h), layers.LayerNormalization()) for _ in range(n)]
        self.sa, self.ca, self.n1, self.n2 = (
            layers.MultiHeadAttention(h, d // h),
            layers.MultiHeadAttention(h, d // h),
            layers.LayerNormalization(),
            layers.LayerNormalization(),
        )
        self.head = layers.Dense(v)

    def call(self, inputs, training=False):
        src, tgt = inputs["input_ids"], inputs["decoder_input_ids"]
        real = ops.not_equal(src, 0)[:, None]
        x = self.shared(src)
        for att, norm in self.enc:
            if training and random.uniform(0, 1) < self.layerdrop:
                continue
            x = norm(x + att(x, x, attention_mask=real))
        y = self.shared(tgt)
        y = self.n1(y + self.sa(y, y, use_causal_mask=True))
        y = self.n2(y + self.ca(y, x, attention_mask=real))
        return self.head(y)


@fuzz_target(units=dim(4, 16, multiple_of="num_heads"))
def build(vocab_size, units, num_heads, num_layers):
    return Bart(vocab_size, units, num_heads, num_layers)
