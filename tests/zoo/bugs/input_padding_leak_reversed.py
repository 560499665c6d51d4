"""The source is reversed with its padding, and the flip drops the mask: the encoder reads the padding first."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(src_vocab, tgt_vocab, emb_dim, units):
    """An LSTM translator that reads its source backwards, after Sutskever et al. (2014)."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(src_vocab, emb_dim, mask_zero=True)(source)
    backwards = ops.flip(x, axis=1)
    _, h, c = layers.LSTM(units, return_state=True)(backwards)
    y = layers.Embedding(tgt_vocab, emb_dim)(target)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(tgt_vocab)(y))


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="backwards = ops.flip(x, axis=1)",
)
