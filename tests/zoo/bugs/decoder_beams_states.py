"""The states that a beam search keeps between its steps are not gathered by the beams that it goes on from.

https://github.com/huggingface/transformers/issues/46612 tells of caches that are not reordered, and
https://github.com/joeynmt/joeynmt/pull/50 reorders hidden states at each step.
"""

import keras
import numpy as np
from keras import layers

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

    def beam_search(self, source, beams=3, steps=5, use_cache=True):
        rows = len(source)
        first = state = np.repeat(self.encode(source), beams, axis=0)
        tokens = np.ones((rows * beams, 1), "int32")
        total = np.tile([0.0] + [-1e9] * (beams - 1), rows)
        for _ in range(steps):
            given = (tokens[:, -1:], state) if use_cache else (tokens, first)
            scores, state = self.step(*given)
            logits = np.array(scores)[:, -1]
            logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
            words = logits.shape[-1]
            joint = (total[:, None] + logits).reshape(rows, beams * words)
            best = np.argsort(-joint, axis=-1)[:, :beams]
            parents = (best // words + np.arange(rows)[:, None] * beams).ravel()
            tokens = np.concatenate([tokens[parents], (best % words).reshape(-1, 1)], axis=1)
            total = np.take_along_axis(joint, best, axis=-1).ravel()
        return tokens.reshape(rows, beams, -1)


@fuzz_target(decode="beam_search")
def build(source_vocab_size, target_vocab_size, units):
    """A GRU translator with a loop of its own."""
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="decoder-beams",
    check="decoding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="scores, state = self.step(*given)",
)
