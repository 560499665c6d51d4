"""The encoder model and the sampling model of the classic Keras tutorial: h and c go round in the order they came."""

import keras
from keras import layers

from fuzzseq import EncoderDecoder


def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
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
    decoder = keras.Model([decoder_inputs, input_h, input_c], [layers.Dense(num_decoder_tokens)(y), h, c])
    return EncoderDecoder(encoder, decoder)
