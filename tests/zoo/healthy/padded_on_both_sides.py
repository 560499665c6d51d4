"""Sources are padded before their words, so that the last column is a word, and targets after theirs."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


@fuzz_target(padding={"source": "pre", "target": "post"})
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    read = layers.Embedding(source_vocab_size, units, mask_zero=True)(source)
    last = layers.GRU(units, return_sequences=True)(read)[:, -1]
    first = layers.Embedding(target_vocab_size, units)(target)
    y = layers.GRU(units, return_sequences=True)(first, initial_state=last)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y + ops.expand_dims(last, 1)))
