"""A loop that returns sentences; and whole targets of a fixed width, of which it reads one step after the other."""

import keras
import numpy as np
from keras import layers

from fuzzseq import dim, fuzz_target

WIDTH = 8


def translate(model, source):
    """Return a sentence for each row."""
    ids = np.zeros((len(source), WIDTH), "int32")
    ids[:, 0] = 1
    for step in range(1, WIDTH):
        ids[:, step] = np.argmax(model([source, ids])[:, step - 1], axis=-1)
    return [" ".join(map(str, row)) for row in ids[:, 1:]]


@fuzz_target(decode=translate, padding=None, source_length=dim(8), target_length=dim(8))
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((WIDTH,), dtype="int32", name="source")
    target = keras.Input((WIDTH,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units)(source))
    y = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, units)(target), initial_state=state
    )
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))
