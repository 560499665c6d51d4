"""A forecast in the units of the source: what is predicted is scaled back, and what is fed again is not."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Forecaster(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.values = layers.Dense(1)

    def call(self, source, decoder_input):
        return self.values(self.decoder(decoder_input, initial_state=self.encoder(source))[0])

    def forecast(self, series, n_steps_out=4, mean=20.0, deviation=5.0):
        state, value, found = self.encoder(series), ops.zeros((len(series), 1, 1)), []
        for _ in range(n_steps_out):
            decoded, state = self.decoder(value, initial_state=state)
            value = self.values(decoded)
            found.append(value * deviation + mean)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="forecast")
def build(feature_dim, units):
    model = Forecaster(units)
    model.compile("adam", "mse")
    return model
