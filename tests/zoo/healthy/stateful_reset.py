"""A stateful tagger whose own reset reaches each layer that keeps a state, those in a Bidirectional too."""

import keras
from keras import layers

from fuzzseq import fuzz_target


class Tagger(keras.Model):
    def __init__(self, vocab_size, units, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.reader = layers.LSTM(units, return_sequences=True, stateful=True)
        self.both = layers.Bidirectional(layers.GRU(units, return_sequences=True, stateful=True))
        self.tags = layers.Dense(num_tags)

    def call(self, words):
        return self.tags(self.both(self.reader(self.embedding(words))))

    def reset_states(self):
        self.reader.reset_state()
        self.both.forward_layer.reset_state()
        self.both.backward_layer.reset_state()


@fuzz_target(batch_size=2, padding=None)
def build(vocab_size, units, num_tags):
    model = Tagger(vocab_size, units, num_tags)
    model.build((2, None))
    return model
