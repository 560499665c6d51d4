"""A decoder for one step whose attention asks the state that it is given; its time axis is open all the same."""

import keras
from keras import layers, ops

from fuzzseq import EncoderDecoder


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    out, state = layers.GRU(units, return_sequences=True, return_state=True)(x, mask=ops.not_equal(source, 0))
    encoder = keras.Model(source, [out, state])

    token = keras.Input((None,), dtype="int32", name="token")
    hidden = keras.Input((units,), name="hidden")
    memory = keras.Input((None, units), name="encoder_outputs")
    real = keras.Input((None,), dtype="bool", name="source_mask")
    e = layers.Dense(1)(ops.tanh(layers.Dense(units)(memory) + layers.Dense(units)(hidden)[:, None]))[..., 0]
    w = ops.softmax(ops.where(real, e, -1e9), axis=-1)
    context = ops.sum(w[..., None] * memory, axis=1)
    y = layers.Embedding(target_vocab_size, embedding_dim)(token)
    y = layers.Concatenate()(
        [y, layers.Lambda(lambda p: ops.repeat(p[0][:, None], ops.shape(p[1])[1], axis=1))([context, y])]
    )
    y, new = layers.GRU(units, return_sequences=True, return_state=True)(y, initial_state=hidden)
    return EncoderDecoder(
        encoder, keras.Model([token, hidden, memory, real], [layers.Dense(target_vocab_size)(y), new])
    )
