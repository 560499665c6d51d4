"""A decoder alone: a causal language model of gated convolutions, which look back and never ahead."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(kind="decoder", inputs={"tokens": "decoder_input"})
def build(vocab_size, units, num_layers, kernel_size):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, units)(tokens)
    for _ in range(num_layers):
        candidate = layers.Conv1D(units, kernel_size, padding="causal")(x)
        gate = layers.Conv1D(units, kernel_size, padding="causal", activation="sigmoid")(x)
        x = x + candidate * gate
    return keras.Model(tokens, layers.Dense(vocab_size)(x))
