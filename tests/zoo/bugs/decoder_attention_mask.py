import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class PaddingMask(layers.Layer):
    def call(self, ids):
        return ops.not_equal(ids, 0)[:, None, :]


def build(source_vocab_size, target_vocab_size, d_model, num_heads):
    """One Transformer block on each side, with explicit masks."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    source_mask, target_mask = PaddingMask()(source), PaddingMask()(target)

    x = layers.Embedding(source_vocab_size, d_model)(source)
    x = layers.Add()([x, layers.MultiHeadAttention(num_heads, d_model)(x, x, attention_mask=source_mask)])
    memory = layers.LayerNormalization()(x)

    y = layers.Embedding(target_vocab_size, d_model)(target)
    y = layers.Add()([y, layers.MultiHeadAttention(num_heads, d_model)(y, y, use_causal_mask=True)])
    y = layers.LayerNormalization()(y)
    context = layers.MultiHeadAttention(num_heads, d_model)(y, memory, attention_mask=target_mask)
    y = layers.LayerNormalization()(layers.Add()([y, context]))
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="decoder-attention-mask",
    region="source_length != target_length and target_length != 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_heads": 1},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="context = layers.MultiHeadAttention(num_heads, d_model)(y, memory, attention_mask=target_mask)",
)
