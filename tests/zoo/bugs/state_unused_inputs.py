"""The states that come in are inputs of the model, and the encoder is started without them."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A dialogue model: the states of the turn before come in as inputs."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state_h = keras.Input((units,), name="state_h")
    state_c = keras.Input((units,), name="state_c")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, h, c = layers.LSTM(units, return_state=True)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    return keras.Model([source, target, state_h, state_c], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="state-unused",
    check="state_used",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="_, h, c = layers.LSTM(units, return_state=True)(x)",
)
