"""The inference decoder gives its states out as c and h, and takes them in as h and c."""

import keras
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    """The encoder model and the sampling model of the classic Keras tutorial."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    x = layers.Embedding(num_encoder_tokens, latent_dim, mask_zero=True)(encoder_inputs)
    _, state_h, state_c = layers.LSTM(latent_dim, return_state=True)(x)
    encoder = keras.Model(encoder_inputs, [state_h, state_c])

    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    input_h = keras.Input((latent_dim,), name="decoder_state_h")
    input_c = keras.Input((latent_dim,), name="decoder_state_c")
    y = layers.Embedding(num_decoder_tokens, latent_dim)(decoder_inputs)
    lstm = layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    y, h, c = lstm(y, initial_state=[input_h, input_c])
    decoder = keras.Model([decoder_inputs, input_h, input_c], [layers.Dense(num_decoder_tokens)(y), c, h])
    return EncoderDecoder(encoder, decoder)


BUG = Bug(
    cause="state-not-carried",
    check="stepwise",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="decoder = keras.Model([decoder_inputs, input_h, input_c], [layers.Dense(num_decoder_tokens)(y), c, h])",
)
