"""Sentences of both sides: those of the source are padded to twelve words in the model, which attention leaves out."""

import keras
from keras import layers

from fuzzseq import fuzz_target


class Translator(keras.Model):
    """Takes sentences of both sides, each with a vocabulary of its own."""

    def __init__(self, units):
        super().__init__()
        self.source_text = layers.TextVectorization(
            vocabulary=["the", "cat", "sat", "on", "mat"], output_sequence_length=12
        )
        self.target_text = layers.TextVectorization(
            vocabulary=["[start]", "[end]", "die", "katze"], standardize="lower"
        )
        self.source_table = layers.Embedding(self.source_text.vocabulary_size(), units, mask_zero=True)
        self.target_table = layers.Embedding(self.target_text.vocabulary_size(), units, mask_zero=True)
        self.encoder, self.decoder = layers.GRU(units, return_sequences=True), layers.GRU(units, return_sequences=True)
        self.attention = layers.Attention()
        self.head = layers.Dense(self.target_text.vocabulary_size())

    def call(self, inputs):
        source, target = inputs
        ids = self.source_text(source)
        read = self.encoder(self.source_table(ids))
        said = self.decoder(self.target_table(self.target_text(target)))
        return self.head(said + self.attention([said, read], mask=[None, ids != 0]))


@fuzz_target(text=True)
def build(units):
    return Translator(units)
