"""The states of a bidirectional LSTM come as h, c, h, c, and are joined as h, h, c, c: a c stands for an h."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A bidirectional LSTM encoder whose joined states start the decoder."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, *states = layers.Bidirectional(layers.LSTM(units, return_state=True))(x)
    h = layers.Concatenate()(states[:2])
    c = layers.Concatenate()(states[2:])
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    y = layers.LSTM(2 * units, return_sequences=True)(y, initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="state-miswired",
    check="state_wiring",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="h = layers.Concatenate()(states[:2])",
)
