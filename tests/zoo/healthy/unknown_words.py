"""Words that are not in the vocabulary have an id between the special ones, and a row of the table like any other."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(tokens={"pad": 0, "unk": 1, "start": 2, "end": 3, "sep": 4})
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))
