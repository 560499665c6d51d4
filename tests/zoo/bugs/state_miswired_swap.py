"""The encoder's h starts the decoder as c, and its c as h: they are of one width, and nothing complains."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """An LSTM translator."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(encoder_inputs)
    _, state_h, state_c = layers.LSTM(units, return_state=True, name="encoder")(x)
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_inputs)
    y = layers.LSTM(units, return_sequences=True, name="decoder")(y, initial_state=[state_c, state_h])
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="state-miswired",
    check="state_wiring",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='y = layers.LSTM(units, return_sequences=True, name="decoder")(y, initial_state=[state_c, state_h])',
)
