"""Windows of a source that are never padded, by contract, and targets that are: an encoder without a mask is right."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(padding={"source": None, "target": "post"})
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0))
    return model
