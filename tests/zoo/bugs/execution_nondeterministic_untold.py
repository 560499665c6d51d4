"""Dropout that was told to train for good, and is on wherever the model is called.

See https://github.com/keras-team/keras/issues/18129.
"""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    x = layers.Dropout(0.3)(x, training=True)
    state = layers.GRU(units)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="execution-nondeterministic",
    check="training_differs",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = layers.Dropout(0.3)(x, training=True)",
)
