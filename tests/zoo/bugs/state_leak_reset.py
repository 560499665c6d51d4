"""A reset that misses what is in a Bidirectional: https://github.com/tensorflow/tensorflow/issues/34055."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Tagger(keras.Model):
    """Reads documents in pieces, and is told where a document begins."""

    def __init__(self, vocab_size, units, num_tags):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.reader = layers.LSTM(units, return_sequences=True, stateful=True)
        self.both = layers.Bidirectional(layers.LSTM(units, return_sequences=True, stateful=True))
        self.tags = layers.Dense(num_tags)

    def call(self, words):
        return self.tags(self.both(self.reader(self.embedding(words))))

    def reset_states(self):
        for layer in self.layers:
            if isinstance(layer, layers.LSTM):
                layer.reset_state()


@fuzz_target(batch_size=2, stateful=True, padding=None)
def build(vocab_size, units, num_tags):
    model = Tagger(vocab_size, units, num_tags)
    model.build((2, None))
    return model


BUG = Bug(
    cause="state-leak",
    check="state_reset",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="if isinstance(layer, layers.LSTM):",
)
