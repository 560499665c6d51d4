"""Rows are padded with another id than 0, which is the only one that the table masks: https://github.com/keras-team/keras-contrib/issues/553."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(tokens={"pad": 3}, padding={"source": "post", "target": None})
def build(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    table = layers.Embedding(vocab_size, units, mask_zero=True)
    state = layers.GRU(units)(table(source))
    y = layers.GRU(units, return_sequences=True)(table(target), initial_state=state)
    return keras.Model([source, target], layers.Dense(vocab_size)(y))


BUG = Bug(
    cause="input-padding-leak",
    region="True",
    minimal=Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((0,), ()),)),)),
    line="state = layers.GRU(units)(table(source))",
    check="padding_invariant",
)
