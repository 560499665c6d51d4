"""A forecast that goes on from the last day, with what it predicted, for as many days as it is asked for."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


class Forecaster(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.encoder = layers.LSTM(units, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True, return_state=True)
        self.values = layers.Dense(1)

    def call(self, source, decoder_input):
        _, *state = self.encoder(source)
        return self.values(self.decoder(decoder_input, initial_state=state)[0])

    def forecast(self, source, days):
        """Return (rows, days) values; the first feature is the one that is predicted."""
        _, *state = self.encoder(source)
        value, found = source[:, -1:, :1], []
        for _ in range(days):
            decoded, *state = self.decoder(value, initial_state=state)
            value = self.values(decoded)
            found.append(value[:, 0, 0])
        return ops.stack(found, axis=1)


@fuzz_target(decode="forecast")
def build(feature_dim, units):
    model = Forecaster(units)
    model.compile("adam", "mse")
    return model
