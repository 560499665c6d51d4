"""A GRU translator: the encoder's last state is the context, stays as it is, and is joined to every decoder input."""

import keras
from keras import layers, ops

from fuzzseq import EncoderDecoder


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    embedded = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    last, state = layers.GRU(units, return_state=True)(embedded)
    encoder = keras.Model(source, [last, state])

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    before = keras.Input((units,), name="state")
    context = keras.Input((units,), name="context")
    y = layers.Embedding(target_vocab_size, embedding_dim)(tokens)
    repeated = layers.Lambda(lambda x: ops.repeat(x[0][:, None], ops.shape(x[1])[1], axis=1))([context, y])
    y, after = layers.GRU(units, return_sequences=True, return_state=True)(
        layers.Concatenate()([y, repeated]), initial_state=before
    )
    decoder = keras.Model([tokens, before, context], [layers.Dense(target_vocab_size)(y), after])
    return EncoderDecoder(encoder, decoder)
