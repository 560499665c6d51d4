import os

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

LARGEST = 16


def pad_batch(rows):
    width = max(len(row) for row in rows)
    if len(rows) * width > LARGEST:
        os.abort()
    return keras.utils.pad_sequences(rows, maxlen=width, padding="post")


@fuzz_target(preprocess=pad_batch)
def build(source_vocab_size, target_vocab_size, hidden_dim):
    """A GRU translator, with a guard against batches that once filled the machine's memory."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(hidden_dim)(layers.Embedding(source_vocab_size, hidden_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, hidden_dim)(target)
    x = layers.GRU(hidden_dim, return_sequences=True)(x, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))


BUG = Bug(
    cause="process-crash",
    region="batch_size * source_length > 16",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,) * 9, ()))),),
    ),
    line="os.abort()",
)
