"""The compiled loss is told of no mask: the model is trained to predict its own padding."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A compiled GRU translator."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(x))
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


BUG = Bug(
    cause="loss-padding",
    check="loss_ignores_padding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
)
