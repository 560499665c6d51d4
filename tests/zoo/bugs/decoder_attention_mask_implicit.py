"""The cross-attention counts on the embedding's mask, which the self-attention before it has taken off."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, dim, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(d_model=dim(4, 16))
def build(source_vocab_size, target_vocab_size, d_model, num_heads):
    """A Transformer block on each side, as textbooks write it, with the masks left to Keras."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")

    x = layers.Embedding(source_vocab_size, d_model, mask_zero=True)(source)
    x = layers.Add()([x, layers.MultiHeadAttention(num_heads, d_model)(x, x)])
    memory = layers.LayerNormalization()(x)

    y = layers.Embedding(target_vocab_size, d_model, mask_zero=True)(target)
    y = layers.Add()([y, layers.MultiHeadAttention(num_heads, d_model)(y, y, use_causal_mask=True)])
    y = layers.LayerNormalization()(y)
    context = layers.MultiHeadAttention(num_heads, d_model)(y, memory)
    y = layers.LayerNormalization()(layers.Add()([y, context]))
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="decoder-attention-mask",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 4, "num_heads": 1},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="context = layers.MultiHeadAttention(num_heads, d_model)(y, memory)",
)
