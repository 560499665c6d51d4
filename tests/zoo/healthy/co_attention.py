"""Co-attention: the same scores are normalized over the source and over the target."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


@fuzz_target(skip={"causal": "a whole hypothesis is scored at once", "stepwise": "the same"})
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    src = keras.Input((None,), dtype="int32", name="source")
    tgt = keras.Input((None,), dtype="int32", name="decoder_input")
    real, treal = ops.not_equal(src, 0), ops.not_equal(tgt, 0)
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(
        layers.Embedding(source_vocab_size, embedding_dim)(src), mask=real
    )
    y = layers.Bidirectional(layers.GRU(units, return_sequences=True))(
        layers.Embedding(target_vocab_size, embedding_dim)(tgt), mask=treal
    )
    s = ops.einsum("btd,bsd->bts", layers.Dense(2 * units)(y), x)
    a = ops.softmax(ops.where(real[:, None], s, -1e9), axis=-1)  # target to source
    b = ops.softmax(ops.where(treal[:, :, None], s, -1e9), axis=1)  # source to target
    c = ops.matmul(a, x)
    seen = ops.einsum("bts,btd->bsd", b, y)  # each source word's view of the target
    d = ops.matmul(a, seen)
    return keras.Model([src, tgt], layers.Dense(target_vocab_size)(layers.Concatenate()([y, c, y * c, d])))
