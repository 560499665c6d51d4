"""Float features, such as those of speech, with their lengths as an input: a GRU listener and a GRU speller."""

import keras
from keras import layers, ops


class RealSteps(layers.Layer):
    def call(self, features, lengths):
        return ops.arange(ops.shape(features)[1])[None, :] < lengths[:, None]


def build(feature_dim, target_vocab_size, embedding_dim, units):
    features = keras.Input((None, feature_dim), name="features")
    lengths = keras.Input((), dtype="int32", name="feature_lengths")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    real = RealSteps()(features, lengths)
    state = layers.GRU(units)(features, mask=real)
    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.GRU(units, return_sequences=True)(y, mask=ops.not_equal(decoder_input, 0), initial_state=state)
    return keras.Model([features, lengths, decoder_input], layers.Dense(target_vocab_size)(y))
