"""The decoder's convolution is padded on both sides, not causally: its kernel reaches over the step's own label."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(kind="decoder")
def build(vocab_size, filters, kernel_size):
    """A gated convolutional language model; the embeddings of padding are zero."""
    tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    x = layers.Embedding(vocab_size, filters)(tokens)
    x = x * ops.cast(ops.not_equal(tokens, 0), x.dtype)[..., None]
    gate = layers.Conv1D(filters, kernel_size, padding="causal", activation="sigmoid")(x)
    x = layers.Conv1D(filters, kernel_size, padding="same")(x) * gate
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="decoder-sees-future",
    check="causal",
    region="kernel_size > 1 and target_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "filters": 2, "kernel_size": 2},
        batches=(Batch(pairs=(Pair((), (3,)),)),),
    ),
    line='x = layers.Conv1D(filters, kernel_size, padding="same")(x) * gate',
)
