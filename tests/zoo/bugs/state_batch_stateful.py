"""A batch size built into a stateful model, and a last smaller batch: https://github.com/keras-team/keras/issues/1561."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(stateful=True, padding=None)
def build(vocab_size, units):
    tokens = keras.Input(batch_shape=(3, None), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, units)(tokens)
    x = layers.GRU(units, return_sequences=True, stateful=True)(x)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="state-batch",
    region="batch_size != 3",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='tokens = keras.Input(batch_shape=(3, None), dtype="int32", name="tokens")',
    shown="x = layers.GRU(units, return_sequences=True, stateful=True)(x)",
)
