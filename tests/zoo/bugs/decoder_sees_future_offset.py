"""The causal mask is one diagonal too wide: each step sees the token after its own, which is its label."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, dim, fuzz_target
from tests.zoo.bug import Bug


class CausalMask(layers.Layer):
    def call(self, ids):
        steps = ops.arange(ops.shape(ids)[1])
        past = steps[None, :] <= steps[:, None] + 1
        return ops.logical_and(ops.not_equal(ids, 0)[:, None, :], past[None])


@fuzz_target(kind="decoder", d_model=dim(4, 16))
def build(vocab_size, d_model, num_heads, num_layers):
    """A language model: Transformer blocks without an encoder."""
    tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    mask = CausalMask()(tokens)
    x = layers.Embedding(vocab_size, d_model)(tokens)
    for _ in range(num_layers):
        x = layers.Add()([x, layers.MultiHeadAttention(num_heads, d_model)(x, x, attention_mask=mask)])
        x = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.Dense(d_model, activation="gelu")(x)])
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="decoder-sees-future",
    check="causal",
    region="target_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 4, "num_heads": 1, "num_layers": 1},
        batches=(Batch(pairs=(Pair((), (3,)),)),),
    ),
    line="past = steps[None, :] <= steps[:, None] + 1",
)
