"""The decoder reads all features of the day before, and the loop goes on with the one value that the model predicts.

https://github.com/keras-team/keras/issues/12990 asks how to forecast with a decoder of 19 features and a target of one.
"""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Forecaster(keras.Model):
    def __init__(self, feature_dim, units):
        super().__init__()
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.value = layers.Dense(1)

    def call(self, source, decoder_input):
        decoded, _ = self.decoder(decoder_input, initial_state=self.encoder(source))
        return self.value(decoded)

    def forecast(self, source, horizon):
        state, given, found = self.encoder(source), source[:, -1:], []
        for _ in range(horizon):
            decoded, state = self.decoder(given, initial_state=state)
            given = self.value(decoded)
            found.append(given)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="forecast", series={"decoder_channels": "feature_dim", "start": "last"})
def build(feature_dim, units):
    model = Forecaster(feature_dim, units)
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="decoder-step-mismatch",
    region="True",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), (2,)),)),)),
    line="decoded, state = self.decoder(given, initial_state=state)",
)
