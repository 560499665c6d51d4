"""A decoder with self-attention that keeps keys and values between the steps of its loop, or computes them anew."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, vocab_size, units, max_length=32):
        super().__init__()
        self.embedding, self.positions = layers.Embedding(vocab_size, units), layers.Embedding(max_length, units)
        self.query, self.key, self.value = layers.Dense(units), layers.Dense(units), layers.Dense(units)
        self.scores = layers.Dense(vocab_size)

    def encode(self, source):
        real = ops.cast(source != 0, "float32")[..., None]
        return ops.sum(self.embedding(source) * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)

    def decode(self, ids, context, past=None):
        before = 0 if past is None else past[0].shape[1]
        y = self.embedding(ids) + self.positions(before + ops.arange(ids.shape[1])) + context[:, None]
        keys, values = self.key(y), self.value(y)
        if past is not None:
            keys, values = (ops.concatenate([old, new], axis=1) for old, new in zip(past, (keys, values), strict=True))
        seen = before + ops.arange(ids.shape[1])[:, None] >= ops.arange(keys.shape[1])[None]
        weights = ops.where(seen, ops.matmul(self.query(y), ops.transpose(keys, (0, 2, 1))), -1e9)
        return self.scores(y + ops.matmul(ops.softmax(weights), values)), (keys, values)

    def call(self, source, decoder_input):
        return self.decode(decoder_input, self.encode(source))[0]

    def generate(self, source, max_new_tokens=8, use_cache=True):
        """Return (rows, steps) ids."""
        context, past = self.encode(source), None
        ids = ops.ones((len(source), 1), "int32")
        for _ in range(max_new_tokens):
            scores, past = self.decode(ids[:, -1:] if past is not None else ids, context, past)
            past = past if use_cache else None
            ids = ops.concatenate([ids, ops.cast(ops.argmax(scores[:, -1:], axis=-1), "int32")], axis=1)
        return ids[:, 1:]


@fuzz_target(decode="generate", graph=False)
def build(vocab_size, units):
    return Translator(vocab_size, units)
