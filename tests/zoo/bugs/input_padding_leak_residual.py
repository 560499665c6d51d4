"""The residual sum drops the mask: the first encoder layer leaves padding out, every layer above it does not."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class ResidualStack(keras.Model):
    """A stack of GRUs with residual connections, whose top state starts the decoder."""

    def __init__(self, source_vocab_size, target_vocab_size, hidden_dim, num_layers):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, hidden_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, hidden_dim, mask_zero=True)
        self.cells = [layers.GRU(hidden_dim, return_sequences=True, return_state=True) for _ in range(num_layers)]
        self.decoder = layers.GRU(hidden_dim, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        x = self.source_embedding(source)
        for cell in self.cells:
            output, state = cell(x)
            x = x + output
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(source_vocab_size, target_vocab_size, hidden_dim, num_layers):
    return ResidualStack(source_vocab_size, target_vocab_size, hidden_dim, num_layers)


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="num_layers >= 2",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_layers": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = x + output",
)
