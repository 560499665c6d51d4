"""The loop gives the decoder all words so far, and the state that has seen them already.

https://github.com/OpenNMT/OpenNMT-py/issues/2156 asks which of both a decoder is to be given.
"""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(target_vocab_size)

    def encode(self, source):
        return self.encoder(self.source_embedding(source))

    def step(self, tokens, state):
        y, state = self.decoder(self.target_embedding(tokens), initial_state=state)
        return self.scores(y), state

    def call(self, source, decoder_input):
        return self.step(decoder_input, self.encode(source))[0]

    def greedy(self, source, steps=6):
        state = self.encode(source)
        tokens = ops.ones((len(source), 1), "int32")
        for _ in range(steps):
            scores, state = self.step(tokens, state)
            tokens = ops.concatenate([tokens, ops.cast(ops.argmax(scores[:, -1:], -1), "int32")], 1)
        return tokens


@fuzz_target(decode="greedy")
def build(source_vocab_size, target_vocab_size, units):
    """A GRU translator with a loop of its own."""
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="decoder-step-mismatch",
    check="decoding_agrees",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="scores, state = self.step(tokens, state)",
)
