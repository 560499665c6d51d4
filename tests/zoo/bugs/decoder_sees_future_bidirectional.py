"""The decoder is bidirectional as the encoder is: its backward half comes from the end of the target."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator, bidirectional throughout."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, forward, backward = layers.Bidirectional(layers.GRU(units, return_state=True))(x)
    y = layers.Embedding(target_vocab_size, embedding_dim)(target)
    decoder = layers.Bidirectional(layers.GRU(units, return_sequences=True))
    y = decoder(y, mask=ops.not_equal(target, 0), initial_state=[forward, backward])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="decoder-sees-future",
    check="causal",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="decoder = layers.Bidirectional(layers.GRU(units, return_sequences=True))",
    shown="y = decoder(y, mask=ops.not_equal(target, 0), initial_state=[forward, backward])",
)
