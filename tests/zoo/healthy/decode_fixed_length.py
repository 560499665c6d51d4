"""A loop of a fixed length, whatever words it gives: an end token ends nothing."""

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

    def generate(self, source, max_new_tokens=6):
        state = self.encoder(self.source_embedding(source))
        token, found = ops.ones((len(source), 1), "int32"), []
        for _ in range(max_new_tokens):
            scores, state = self.step(token, state)
            token = ops.cast(ops.argmax(scores, axis=-1), "int32")
            found.append(token)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="generate")
def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)
