"""A many-to-many tagger: one tag for each token, from a bidirectional GRU over an implicit mask."""

import keras
from keras import layers


def build(vocab_size, embedding_dim, units, num_tags):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
    return keras.Model(tokens, layers.Dense(num_tags)(x))
