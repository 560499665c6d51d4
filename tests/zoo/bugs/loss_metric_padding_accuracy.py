"""The loss ignores padding and the accuracy counts it: https://github.com/keras-team/keras/issues/2301."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


BUG = Bug(
    cause="loss-metric-padding",
    check="metrics_ignore_padding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), extra_target=1),),
    ),
    line='model.compile("adam", loss, metrics=["accuracy"])',
)
