"""Sentences that have nothing to do with each other, and a stateful LSTM: https://github.com/keras-team/keras/issues/1902."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(batch_size=2)
def build(vocab_size, embedding_dim, units, num_tags):
    words = keras.Input(batch_shape=(2, None), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)(words)
    x = layers.LSTM(units, return_sequences=True, stateful=True)(x)
    return keras.Model(words, layers.Dense(num_tags)(x))


BUG = Bug(
    cause="state-leak",
    check="state_reset",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="x = layers.LSTM(units, return_sequences=True, stateful=True)(x)",
)
