"""The encoder and decoder of the classic tutorial, in a loop over the words of a single sentence."""

import keras
import numpy as np
from keras import layers

from fuzzseq import fuzz_target


def decode_sequence(encoder_model, decoder_model, input_seq, max_decoded_length=8):
    """Return the ids of one sentence, a list."""
    states = encoder_model.predict(input_seq, verbose=0)
    target, decoded = np.ones((1, 1), "int32"), []
    while len(decoded) < max_decoded_length:
        output, *states = decoder_model.predict([target, *states], verbose=0)
        word = int(np.argmax(output[0, -1, :]))
        if word == 2:
            break
        decoded.append(word)
        target = np.array([[word]], "int32")
    return decoded


@fuzz_target(decode=decode_sequence)
def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    x = layers.Embedding(num_encoder_tokens, latent_dim, mask_zero=True)(encoder_inputs)
    _, *states = layers.LSTM(latent_dim, return_state=True)(x)
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    embedded = layers.Embedding(num_decoder_tokens, latent_dim)(decoder_inputs)
    lstm = layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    scores = layers.Dense(num_decoder_tokens, activation="softmax")
    output = scores(lstm(embedded, initial_state=states)[0])
    given = [keras.Input((latent_dim,), name=f"state_{name}") for name in "hc"]
    y, h, c = lstm(embedded, initial_state=given)
    return (
        keras.Model([encoder_inputs, decoder_inputs], output),
        keras.Model(encoder_inputs, states),
        keras.Model([decoder_inputs, *given], [scores(y), h, c]),
    )
