"""The decoder reads one step too far: https://github.com/sktime/pytorch-forecasting/issues/182."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding=None)
def build(feature_dim, units):
    past = keras.Input((None, feature_dim), name="source")
    before = keras.Input((None, 1), name="decoder_input")
    _, state = layers.GRU(units, return_state=True)(past)
    moved = ops.concatenate([before[:, 1:], before[:, :1]], axis=1)
    decoded = layers.GRU(units, return_sequences=True)(moved, initial_state=state)
    model = keras.Model([past, before], layers.Dense(1)(decoded))
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="decoder-sees-future",
    region="target_length > 1",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), (2, 2)),)),)),
    line="moved = ops.concatenate([before[:, 1:], before[:, :1]], axis=1)",
    check="causal",
)
