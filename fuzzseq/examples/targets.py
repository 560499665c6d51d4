"""Integer targets given to ``CategoricalCrossentropy``, which wants one-hot rows; and two ways to put it right.

A compiled model is fuzzed through its own loss and one training step. The masks of the Embedding layers go along with
the scores into the loss, so that padding does not count.
"""

import keras
from keras import layers

from fuzzseq import fuzz_target


def translator(source_vocab_size, target_vocab_size, embedding_dim, units, loss):
    """Build and compile the model, the same one for every loss."""
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    state = layers.GRU(units)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)(decoder_input)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    model = keras.Model([source, decoder_input], layers.Dense(target_vocab_size)(y))
    model.compile(optimizer="adam", loss=loss)
    return model


@fuzz_target
def wrong_targets(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Wrong: targets are integers (batch, steps), and this loss compares rows of (batch, steps, words)."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return translator(source_vocab_size, target_vocab_size, embedding_dim, units, loss)


@fuzz_target
def right_targets(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Right: the loss for integer targets."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return translator(source_vocab_size, target_vocab_size, embedding_dim, units, loss)


@fuzz_target(target_encoding="one_hot")
def right_one_hot_targets(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Right as well: the loss for one-hot targets, and targets that are declared to be one-hot."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return translator(source_vocab_size, target_vocab_size, embedding_dim, units, loss)
