import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def memory_shapes(batch_size, units):
    return [(batch_size, units)]


class Dialogue(keras.Model):
    """Answers a turn, and may be given the memory of the turns before."""

    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.encoder = layers.LSTM(units, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, source, target, initial_state=None):
        _, h, c = self.encoder(self.embedding(source), initial_state=initial_state)
        return self.head(self.decoder(self.embedding(target), initial_state=[h, c]))


@fuzz_target(initial_state=memory_shapes)
def build(vocab_size, units):
    return Dialogue(vocab_size, units)


BUG = Bug(
    cause="state-count",
    region='initial_state != "none"',
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), initial_state="zeros"),),
    ),
    line="return [(batch_size, units)]",
    shown="_, h, c = self.encoder(self.embedding(source), initial_state=initial_state)",
)
