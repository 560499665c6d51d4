"""Rows of different lengths before an Embedding: not padded, padded with an id that the table lacks, and right.

``preprocess`` names the function that turns a list of lists of ids into what the model takes, so that it is under test
too. One batch of equal rows, the usual unit test, passes in all three variants.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from fuzzseq import fuzz_target

WORDS = 12
PAD = 0


def stack(rows):
    """Make a tensor of rows as they are, which works as long as they happen to be of one length."""
    return tf.constant(rows)


def pad_past_the_table(rows):
    """Pad with the first free id, WORDS: but the table's rows are 0 to WORDS - 1."""
    return keras.utils.pad_sequences(rows, padding="post", value=WORDS)


def pad(rows):
    """Pad after each row with the id that the vocabulary keeps for it."""
    return keras.utils.pad_sequences(rows, padding="post", value=PAD)


def translator(target_vocab_size, embedding_dim, units):
    """Build the model, the same one for all three ways to pad."""
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    embedded = layers.Embedding(WORDS, embedding_dim)(source)
    state = layers.GRU(units)(embedded, mask=ops.not_equal(source, PAD))
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.GRU(units, return_sequences=True)(y, mask=ops.not_equal(decoder_input, PAD), initial_state=state)
    return keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))


# The vocabulary is a constant of this file and no parameter of the factory: it is declared.
@fuzz_target(source_vocab_size=WORDS, preprocess=stack)
def unpadded(target_vocab_size, embedding_dim, units):
    """Wrong: a batch of rows of different lengths is no tensor."""
    return translator(target_vocab_size, embedding_dim, units)


@fuzz_target(source_vocab_size=WORDS, preprocess=pad_past_the_table)
def wrong_padding(target_vocab_size, embedding_dim, units):
    """Wrong: the id of the padding is one past the last row of the table."""
    return translator(target_vocab_size, embedding_dim, units)


@fuzz_target(source_vocab_size=WORDS, preprocess=pad)
def right_padding(target_vocab_size, embedding_dim, units):
    """Right: padded with an id of its own, which the encoder masks."""
    return translator(target_vocab_size, embedding_dim, units)
