"""The decoder's table has the rows of the source's vocabulary: https://github.com/tensorflow/tensorflow/issues/54658."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """Takes sentences of both sides, each with a vocabulary of its own."""

    def __init__(self, units):
        super().__init__()
        self.source_text = layers.TextVectorization(vocabulary=["the", "cat", "sat"])
        self.target_text = layers.TextVectorization(
            vocabulary=["[start]", "[end]", "die", "katze", "saß"], standardize="lower"
        )
        self.source_table = layers.Embedding(self.source_text.vocabulary_size(), units, mask_zero=True)
        self.target_table = layers.Embedding(self.source_text.vocabulary_size(), units, mask_zero=True)
        self.encoder, self.decoder = layers.GRU(units), layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(self.target_text.vocabulary_size())

    def call(self, inputs):
        source, target = inputs
        state = self.encoder(self.source_table(self.source_text(source)))
        said = self.target_table(self.target_text(target))
        return self.head(self.decoder(said, initial_state=state))


@fuzz_target(text=True)
def build(units):
    return Translator(units)


BUG = Bug(
    cause="input-vocabulary",
    region="max_target_id > 4 and target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 7, "units": 2},
        batches=(Batch(pairs=(Pair((2,), (5,)),)),),
    ),
    line="said = self.target_table(self.target_text(target))",
)
