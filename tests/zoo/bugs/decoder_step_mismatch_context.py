"""The loop takes the context of each day from the decoder's own state, and training from the encoder's.

https://github.com/d2l-ai/d2l-en/issues/2134 tells of a loop whose context moves on with the state, of words there.
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

    def step(self, values, context, state):
        context = ops.zeros_like(values) + context[:, None]
        decoded, state = self.decoder(ops.concatenate([values, context], axis=-1), initial_state=state)
        return self.value(decoded), state

    def call(self, source, decoder_input):
        encoded = self.encoder(source)
        return self.step(decoder_input, encoded, encoded)[0]

    def forecast(self, source, days=5):
        state, value, found = self.encoder(source), ops.zeros((len(source), 1, 1)), []
        for _ in range(days):
            value, state = self.step(value, state, state)
            found.append(value)
        return ops.concatenate(found, axis=1)


@fuzz_target(decode="forecast")
def build(feature_dim, units):
    model = Forecaster(feature_dim, units)
    model.compile("adam", "mse")
    return model


BUG = Bug(
    cause="decoder-step-mismatch",
    check="decoding_agrees",
    region="target_length > 1",
    minimal=Case(dimensions={"feature_dim": 2, "units": 2}, batches=(Batch(pairs=(Pair((2,), (2,)),)),)),
    line="value, state = self.step(value, state, state)",
)
