"""The encoder takes an initial state and hands it to none of its layers."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class TurnEncoder(keras.Model):
    """Encodes a turn of a dialogue, from the state that the turn before ended in."""

    def __init__(self, vocab_size, embedding_dim, units, num_layers):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.cells = [layers.GRU(units, return_sequences=True, return_state=True) for _ in range(num_layers)]

    def call(self, tokens, initial_state=None):
        x, real, states = self.embedding(tokens), tf.not_equal(tokens, 0), []
        for cell in self.cells:
            x, state = cell(x, mask=real)
            states.append(state)
        return states[-1], states


@fuzz_target(kind="encoder", initial_state="gru")
def build(vocab_size, embedding_dim, units, num_layers):
    return TurnEncoder(vocab_size, embedding_dim, units, num_layers)


BUG = Bug(
    cause="state-unused",
    check="state_used",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "num_layers": 1},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x, state = cell(x, mask=real)",
)
