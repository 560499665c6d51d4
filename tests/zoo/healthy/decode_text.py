"""A loop that returns sentences, of whole targets of which it reads one step after the other."""

import keras
import numpy as np
from keras import layers

from fuzzseq import fuzz_target


def translate(model, source, max_length=8):
    """Return a sentence for each row."""
    ids = np.zeros((len(source), max_length + 1), "int32")
    ids[:, 0] = 1
    for step in range(max_length):
        ids[:, step + 1] = np.argmax(model([source, ids[:, :-1]])[:, step], axis=-1)
    return [" ".join(map(str, row)) for row in ids[:, 1:]]


@fuzz_target(decode=translate)
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    y = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, units)(target), initial_state=state
    )
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))
