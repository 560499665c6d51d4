"""Rows that have ended are given words until the last one has: nothing puts padding there, or says how long they are.

https://github.com/mistralai/mistral-inference/pull/270 gives rows the end token from there on.
"""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units, max_length=32):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.positions = layers.Embedding(max_length, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(target_vocab_size)

    def encode(self, source):
        return self.encoder(self.source_embedding(source))

    def step(self, tokens, state, before=0):
        y = self.target_embedding(tokens) + self.positions(before + ops.arange(ops.shape(tokens)[1]))
        y, state = self.decoder(y, initial_state=state)
        return self.scores(y), state

    def call(self, source, decoder_input):
        return self.step(decoder_input, self.encode(source))[0]

    def greedy(self, source, steps=6):
        state = self.encode(source)
        tokens = ops.ones((len(source), 1), "int32")
        ended = ops.zeros((len(source),), "bool")
        for step in range(steps):
            scores, state = self.step(tokens[:, -1:], state, step)
            tokens = ops.concatenate([tokens, ops.cast(ops.argmax(scores, -1), "int32")], 1)
            ended = ops.logical_or(ended, tokens[:, -1] == 2)
            if ops.all(ended):
                break
        return tokens


@fuzz_target(decode="greedy")
def build(source_vocab_size, target_vocab_size, units):
    """A GRU translator with a loop of its own."""
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="numeric-batch-coupling",
    check="decoding_invariant",
    region="batch_size > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,)), Pair((4,)))),),
    ),
    line='tokens = ops.concatenate([tokens, ops.cast(ops.argmax(scores, -1), "int32")], 1)',
    shown="scores, state = self.step(tokens[:, -1:], state, step)",
)
