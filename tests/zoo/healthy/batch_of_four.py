"""A batch size that stands in the model and binds nobody: it takes any other as well."""

import keras
from keras import layers


def build(vocab_size, units, num_tags):
    words = keras.Input(batch_shape=(4, None), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, units, mask_zero=True)(words)
    x = layers.GRU(units, return_sequences=True)(x)
    return keras.Model(words, layers.Dense(num_tags, activation="softmax")(x))
