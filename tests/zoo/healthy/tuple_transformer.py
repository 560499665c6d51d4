"""A subclassed model that takes a tuple: a pre-norm Transformer layer on each side, masks built inside from the ids."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import dim, fuzz_target


class TupleTransformer(keras.Model):
    def __init__(self, vocab_size, d_model, num_heads, dff):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.norms = [layers.LayerNormalization() for _ in range(6)]
        self.attentions = [layers.MultiHeadAttention(num_heads, d_model // num_heads) for _ in range(3)]
        self.inner = [layers.Dense(dff, activation="relu") for _ in range(2)]
        self.outer = [layers.Dense(d_model) for _ in range(2)]
        self.scores = layers.Dense(vocab_size)

    def call(self, inputs):
        context, x = inputs
        memory_mask = tf.not_equal(context, 0)[:, None, :]
        causal = tf.linalg.band_part(tf.ones((1, tf.shape(x)[1], tf.shape(x)[1]), tf.int32), -1, 0)
        target_mask = tf.logical_and(tf.not_equal(x, 0)[:, None, :], tf.cast(causal, tf.bool))
        memory = self.embedding(context)
        normal = self.norms[0](memory)
        memory += self.attentions[0](normal, normal, attention_mask=memory_mask)
        memory += self.outer[0](self.inner[0](self.norms[1](memory)))
        memory = self.norms[2](memory)
        y = self.embedding(x)
        normal = self.norms[3](y)
        y += self.attentions[1](normal, normal, attention_mask=target_mask)
        y += self.attentions[2](self.norms[4](y), memory, attention_mask=memory_mask)
        y += self.outer[1](self.inner[1](self.norms[5](y)))
        return self.scores(y)


@fuzz_target(d_model=dim(2, 16, multiple_of="num_heads"))
def build(vocab_size, d_model, num_heads, dff):
    return TupleTransformer(vocab_size, d_model, num_heads, dff)
