import keras
import numpy as np
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

MAX_WORDS = 10


def pad_batch(sentences):
    padded = np.zeros((len(sentences), MAX_WORDS), dtype="int32")
    for row, words in enumerate(sentences):
        padded[row, : len(words)] = words
    return padded


@fuzz_target(preprocess=pad_batch)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator whose batches are padded to a width that seemed ample."""
    source = keras.Input((None,), dtype="int32", name="source")
    memory = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    target = keras.Input((None,), dtype="int32", name="target")
    decoded = layers.Embedding(target_vocab_size, embedding_dim)(target)
    decoded = layers.GRU(units, return_sequences=True)(decoded, initial_state=memory)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))


BUG = Bug(
    cause="input-fixed-length",
    region="source_length > 10",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,) * 11, ()),)),),
    ),
    line="padded[row, : len(words)] = words",
)
