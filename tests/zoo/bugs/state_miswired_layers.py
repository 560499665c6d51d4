"""The top layer of the encoder starts the bottom layer of the decoder, and the other way round."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, units, num_layers):
    """A deep GRU translator: each layer of the encoder starts one of the decoder."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, units, mask_zero=True)(source)
    states = []
    for layer in range(num_layers):
        x, state = layers.GRU(units, return_sequences=True, return_state=True, name=f"encoder_{layer}")(x)
        states.append(state)
    y = layers.Embedding(target_vocab_size, units)(target)
    for layer in range(num_layers):
        y = layers.GRU(units, return_sequences=True, name=f"decoder_{layer}")(y, initial_state=states.pop())
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="state-miswired",
    check="state_wiring",
    region="num_layers >= 2",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_layers": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='y = layers.GRU(units, return_sequences=True, name=f"decoder_{layer}")(y, initial_state=states.pop())',
)
