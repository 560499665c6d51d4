import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    """A translator whose decoder attends to what the encoder read."""

    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.LSTM(units, return_sequences=True)
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.attention = layers.Attention()
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        memory = self.encoder(self.source_embedding(source))
        memory = self.decoder(self.target_embedding(target))
        context = self.attention([memory, memory], use_causal_mask=True)
        return self.head(layers.concatenate([memory, context]))


def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="decoder-ignores-source",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="memory = self.decoder(self.target_embedding(target))",
)
