"""Windows of one length, never padded, by contract: with ``padding=None`` an LSTM without a mask breaks no promise."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(padding=None)
def build(num_encoder_tokens, num_decoder_tokens, embedding_dim, latent_dim):
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    encoded = layers.Embedding(num_encoder_tokens, embedding_dim)(encoder_inputs)
    _, state_h, state_c = layers.LSTM(latent_dim, return_state=True)(encoded)
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    decoded = layers.Embedding(num_decoder_tokens, embedding_dim)(decoder_inputs)
    decoded = layers.LSTM(latent_dim, return_sequences=True)(decoded, initial_state=[state_h, state_c])
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(num_decoder_tokens)(decoded))
