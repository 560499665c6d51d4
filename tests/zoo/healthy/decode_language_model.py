"""A language model that goes on with a prompt."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


def generate(model, prompt, max_new_tokens=10):
    """Return the prompt and what follows it, (rows, steps) ids."""
    for _ in range(max_new_tokens):
        word = tf.argmax(model(prompt)[:, -1:], axis=-1, output_type=prompt.dtype)
        prompt = tf.concat([prompt, word], axis=1)
    return prompt


@fuzz_target(kind="decoder", decode=generate)
def build(vocab_size, embedding_dim, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    y = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, embedding_dim)(tokens))
    return keras.Model(tokens, layers.Dense(vocab_size)(y))
