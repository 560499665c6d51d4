"""With a cache, each step of the loop counts its positions from 0.

https://github.com/huggingface/transformers/pull/15751 adds the length of the past to the positions of a decoder.
"""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


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
        y = self.embedding(ids) + self.positions(ops.arange(ids.shape[1])) + context[:, None]
        keys, values = self.key(y), self.value(y)
        if past is not None:
            keys, values = (ops.concatenate(pair, axis=1) for pair in zip(past, (keys, values), strict=True))
        before = keys.shape[1] - ids.shape[1]
        seen = before + ops.arange(ids.shape[1])[:, None] >= ops.arange(keys.shape[1])[None]
        weights = ops.where(seen, ops.matmul(self.query(y), ops.transpose(keys, (0, 2, 1))), -1e9)
        return self.scores(y + ops.matmul(ops.softmax(weights), values)), (keys, values)

    def call(self, source, decoder_input):
        return self.decode(decoder_input, self.encode(source))[0]

    def generate(self, source, max_new_tokens=8):
        context, past, found = self.encode(source), None, []
        word = ops.ones((len(source), 1), "int32")
        for _ in range(max_new_tokens):
            scores, past = self.decode(word, context, past)
            word = ops.cast(ops.argmax(scores, axis=-1), "int32")
            found.append(word)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="generate", graph=False)
def build(vocab_size, units):
    """A decoder with self-attention and a loop that keeps its keys and values."""
    return Translator(vocab_size, units)


BUG = Bug(
    cause="decoder-step-mismatch",
    check="decoding_agrees",
    region="True",
    minimal=Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),)),
    line="y = self.embedding(ids) + self.positions(ops.arange(ids.shape[1])) + context[:, None]",
)
