"""The decoder's self-attention has no causal mask: in training, each step reads the words that it is to predict."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, dim, fuzz_target
from tests.zoo.bug import Bug


class Transformer(keras.Model):
    """One block on each side, with masks made from the ids."""

    def __init__(self, vocab_size, d_model, num_heads):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.encoder_attention = layers.MultiHeadAttention(num_heads, d_model)
        self.self_attention = layers.MultiHeadAttention(num_heads, d_model)
        self.cross_attention = layers.MultiHeadAttention(num_heads, d_model)
        self.norms = [layers.LayerNormalization() for _ in range(3)]
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        source, target = inputs
        source_real = tf.not_equal(source, 0)[:, None, :]
        target_real = tf.not_equal(target, 0)[:, None, :]
        x = self.embedding(source)
        memory = self.norms[0](x + self.encoder_attention(x, x, attention_mask=source_real))
        y = self.embedding(target)
        y = self.norms[1](y + self.self_attention(y, y, attention_mask=target_real))
        y = self.norms[2](y + self.cross_attention(y, memory, attention_mask=source_real))
        return self.head(y)


@fuzz_target(d_model=dim(4, 16))
def build(vocab_size, d_model, num_heads):
    return Transformer(vocab_size, d_model, num_heads)


BUG = Bug(
    cause="decoder-sees-future",
    check="causal",
    region="target_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 4, "num_heads": 1},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="y = self.norms[1](y + self.self_attention(y, y, attention_mask=target_real))",
)
