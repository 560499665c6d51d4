"""The states of a stack are flattened, and a slice of the wrong end is taken for every layer but the first."""

import keras
from keras import layers, ops, tree

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Stack(keras.Model):
    """A stacked LSTM encoder over rows that are padded in front, and a GRU decoder."""

    def __init__(self, src_vocab_size, tgt_vocab_size, embed_dim, lstm_units, n_layers):
        super().__init__()
        self.source_embedding = layers.Embedding(src_vocab_size, embed_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(tgt_vocab_size, embed_dim, mask_zero=True)
        self.cells = [layers.LSTM(lstm_units, return_sequences=True) for _ in range(n_layers)]
        self.summary = layers.LSTM(lstm_units)
        self.decoder = layers.GRU(lstm_units, return_sequences=True)
        self.head = layers.Dense(tgt_vocab_size)

    def call(self, source, target, initial_state=None):
        x = self.source_embedding(source)
        states = tree.flatten(initial_state)
        for i, cell in enumerate(self.cells):
            x = cell(x, initial_state=states[2 * i : i + 2] if initial_state else None, mask=ops.not_equal(source, 0))
        # Keras does not hand a mask on to a layer that is given states: it is given here.
        known = ops.not_equal(target, 0)
        return self.head(self.decoder(self.target_embedding(target), initial_state=self.summary(x), mask=known))


@fuzz_target(initial_state="lstm", padding="pre")
def build(src_vocab_size, tgt_vocab_size, embed_dim, lstm_units, n_layers):
    return Stack(src_vocab_size, tgt_vocab_size, embed_dim, lstm_units, n_layers)


BUG = Bug(
    cause="state-layers",
    region='num_layers >= 2 and initial_state != "none"',
    minimal=Case(
        dimensions={
            "source_vocab_size": 5,
            "target_vocab_size": 5,
            "embedding_dim": 2,
            "units": 2,
            "num_layers": 2,
        },
        batches=(Batch(pairs=(Pair((3,), ()),), initial_state="zeros", padding="pre"),),
    ),
    line="x = cell(x, initial_state=states[2 * i : i + 2] if initial_state else None, mask=ops.not_equal(source, 0))",
)
