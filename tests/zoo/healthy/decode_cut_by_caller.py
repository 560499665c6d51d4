"""A greedy loop that waits for the last row; whoever calls it cuts each row at its end token."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(target_vocab_size)

    def step(self, tokens, state):
        y, state = self.decoder(self.target_embedding(tokens), initial_state=state)
        return self.scores(y), state

    def call(self, source, decoder_input):
        return self.step(decoder_input, self.encoder(self.source_embedding(source)))[0]

    def greedy(self, source, max_length=8):
        state = self.encoder(self.source_embedding(source))
        token, found, ended = ops.ones((len(source), 1), "int32"), [], ops.zeros((len(source), 1), "bool")
        for _ in range(max_length):
            scores, state = self.step(token, state)
            token = ops.cast(ops.argmax(scores, axis=-1), "int32")
            found.append(token)
            ended = ops.logical_or(ended, token == 2)
            if ops.all(ended):
                break
        return ops.concatenate(found, axis=1)

    def translate(self, source):
        """Return the ids of each row, without its end token."""
        rows = ops.convert_to_numpy(self.greedy(source)).tolist()
        return [row[: row.index(2)] if 2 in row else row for row in rows]


@fuzz_target(decode="greedy")
def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)
