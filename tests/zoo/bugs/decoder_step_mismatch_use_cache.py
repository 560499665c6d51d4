"""With its cache, the loop gives a step the keys of the steps before and not its own.

https://github.com/meta-pytorch/torchtune/issues/959 and https://github.com/huggingface/transformers/issues/36536 tell
of decoders that go on otherwise with a cache than without.
"""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Translator(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.query, self.key, self.value = layers.Dense(units), layers.Dense(units), layers.Dense(units)
        self.scores = layers.Dense(vocab_size)

    def encode(self, source):
        real = ops.cast(source != 0, "float32")[..., None]
        return ops.sum(self.embedding(source) * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)

    def decode(self, ids, context, past=None):
        y = self.embedding(ids) + context[:, None]
        new = keys, values = self.key(y), self.value(y)
        if past is not None:
            keys, values = past
            new = [ops.concatenate(pair, axis=1) for pair in zip(past, new, strict=True)]
        before = keys.shape[1] - ids.shape[1]
        seen = before + ops.arange(ids.shape[1])[:, None] >= ops.arange(keys.shape[1])[None]
        weights = ops.where(seen, ops.matmul(self.query(y), ops.transpose(keys, (0, 2, 1))), -1e9)
        return self.scores(y + ops.matmul(ops.softmax(weights), values)), new

    def call(self, source, decoder_input):
        return self.decode(decoder_input, self.encode(source))[0]

    def generate(self, source, max_new_tokens=8, use_cache=False):
        context, past = self.encode(source), None
        ids = ops.ones((len(source), 1), "int32")
        for _ in range(max_new_tokens):
            scores, past = self.decode(ids[:, -1:] if past is not None else ids, context, past)
            past = past if use_cache else None
            ids = ops.concatenate([ids, ops.cast(ops.argmax(scores[:, -1:], axis=-1), "int32")], axis=1)
        return ids[:, 1:]


@fuzz_target(decode="generate", graph=False)
def build(vocab_size, units):
    """A decoder with self-attention and a cache that can be turned on."""
    return Translator(vocab_size, units)


BUG = Bug(
    cause="decoder-step-mismatch",
    check="decoding_invariant",
    region="True",
    minimal=Case(dimensions={"vocab_size": 6, "units": 2}, batches=(Batch(pairs=(Pair((3,)),)),)),
    line="scores, past = self.decode(ids[:, -1:] if past is not None else ids, context, past)",
)
