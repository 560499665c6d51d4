"""Convolutions that shorten the source, of three words or more and never padded, by contract."""

import keras
from keras import layers

from fuzzseq import dim, fuzz_target


@fuzz_target(padding=None, source_length=dim(3, 12))
def build(source_vocab_size, target_vocab_size, filters):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, filters)(source)
    memory = layers.Conv1D(filters, 3, padding="valid", activation="tanh")(x)
    y = layers.Embedding(target_vocab_size, filters)(decoder_input)
    y = layers.Conv1D(filters, 3, padding="causal", activation="tanh")(y)
    context = layers.Attention()([y, memory])
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(layers.Concatenate()([y, context])))
