"""Characters as one-hot rows, as Keras' own lstm_seq2seq reads them: full windows, and nothing that masks."""

import keras
from keras import layers


def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    source = keras.Input((None, num_encoder_tokens))
    target = keras.Input((None, num_decoder_tokens))
    _, *states = layers.LSTM(latent_dim, return_state=True)(source)
    y, _, _ = layers.LSTM(latent_dim, return_sequences=True, return_state=True)(target, initial_state=states)
    model = keras.Model([source, target], layers.Dense(num_decoder_tokens, activation="softmax")(y))
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model
