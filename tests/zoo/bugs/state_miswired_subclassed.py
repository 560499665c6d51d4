"""A subclassed stack starts each decoder layer from the state of the other encoder layer; all are of one width."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """Two layers read the source, and two write the target."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoders = [layers.LSTM(units, return_sequences=True, return_state=True) for _ in range(2)]
        self.decoders = [layers.LSTM(units, return_sequences=True) for _ in range(2)]
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        x, y, states = self.source(source), self.target(decoder_input), []
        for layer in self.encoders:
            x, *state = layer(x)
            states.append(state)
        for layer in self.decoders:
            y = layer(y, initial_state=states.pop())
        return self.scores(y)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-miswired",
    check="state_wiring",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="y = layer(y, initial_state=states.pop())",
)
