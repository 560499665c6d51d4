"""A GRU translator: the encoder's last state is the context, goes along unchanged, and is joined to every input."""

import keras
from keras import layers, ops

from fuzzseq import EncoderDecoder


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    embedded = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    outputs, state = layers.GRU(units, return_sequences=True, return_state=True)(embedded)
    context = layers.Identity()(state)
    encoder = keras.Model(source, [outputs, state, context])

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    before = keras.Input((units,), name="state")
    given = keras.Input((units,), name="state_context")
    y = layers.Embedding(target_vocab_size, embedding_dim)(tokens)
    repeated = layers.Lambda(lambda x: ops.repeat(x[0][:, None], ops.shape(x[1])[1], axis=1))([given, y])
    y, after = layers.GRU(units, return_sequences=True, return_state=True)(
        layers.Concatenate()([y, repeated]), initial_state=before
    )
    decoder = keras.Model([tokens, before, given], [layers.Dense(target_vocab_size)(y), after, given])
    return EncoderDecoder(encoder, decoder)
