"""The next word is read off the first step of what the decoder gives, not off the last.

https://github.com/andrewpeng02/transformer-translation/issues/4 asks about such a line.
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
        tokens = ops.ones((len(source), 1), "int32")
        for _ in range(steps):
            scores = self(source, tokens)[:, :1]
            tokens = ops.concatenate([tokens, ops.cast(ops.argmax(scores, -1), "int32")], 1)
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
    line="scores = self(source, tokens)[:, :1]",
)
