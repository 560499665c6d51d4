"""A summarizer of fixed width that attends to all of its window: a kernel over the steps weighs padding as well."""

import keras
from keras import layers


def build(vocab_size, units, max_source_length, target_vocab_size, max_target_length):
    source = keras.Input((max_source_length,), dtype="int32", name="source")
    target = keras.Input((max_target_length,), dtype="int32", name="decoder_input")
    x = layers.Embedding(vocab_size, units)(source)
    mixed = layers.Permute((2, 1))(layers.Dense(max_source_length, activation="gelu")(layers.Permute((2, 1))(x)))
    y = layers.Embedding(target_vocab_size, units)(target)
    y += layers.Attention()([y, mixed])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))
