"""The encoder's last state stays the context of every step, in training and in the loop."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Seq2Seq(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(target_vocab_size)

    def step(self, tokens, state, context):
        y = self.target_embedding(tokens)
        y = ops.concatenate([y, ops.repeat(context[:, None], ops.shape(y)[1], axis=1)], -1)
        y, state = self.decoder(y, initial_state=state)
        return self.scores(y), state

    def call(self, source, decoder_input):
        context = self.encoder(self.source_embedding(source))
        return self.step(decoder_input, context, context)[0]

    def greedy(self, source, steps=5):
        """Return (rows, 1 + steps) ids, the start token first."""
        context = state = self.encoder(self.source_embedding(source))
        tokens = ops.ones((len(source), 1), "int32")
        for _ in range(steps):
            scores, state = self.step(tokens[:, -1:], state, context)
            tokens = ops.concatenate([tokens, ops.cast(ops.argmax(scores, -1), "int32")], 1)
        return tokens


@fuzz_target(decode="greedy")
def build(source_vocab_size, target_vocab_size, units):
    return Seq2Seq(source_vocab_size, target_vocab_size, units)
