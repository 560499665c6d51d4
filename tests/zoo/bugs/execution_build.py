import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def positional_encoding(steps, d_model):
    angles = np.arange(steps)[:, None] / 10000 ** (np.arange(0, d_model, 2) / d_model)
    table = np.zeros((steps, d_model), dtype="float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


class Positions(layers.Layer):
    def __init__(self, d_model, **kwargs):
        super().__init__(**kwargs)
        self.table = tf.constant(positional_encoding(64, d_model))

    def call(self, x):
        return x + self.table[: tf.shape(x)[1]]


class Mask(layers.Layer):
    def call(self, ids):
        return ops.not_equal(ids, 0)[:, None, :]


def build(vocab_size, d_model, num_heads, dff):
    """An encoder and a decoder block of a Transformer with fixed positions."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding, positions, mask = layers.Embedding(vocab_size, d_model), Positions(d_model), Mask()(source)
    x = positions(embedding(source))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(num_heads, d_model)(x, x, attention_mask=mask))
    x = x + layers.Dense(d_model)(layers.Dense(dff, activation="relu")(x))
    y = positions(embedding(target))
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(num_heads, d_model)(y, y, use_causal_mask=True))
    y = y + layers.MultiHeadAttention(num_heads, d_model)(y, x, attention_mask=mask)
    return keras.Model([source, target], layers.Dense(vocab_size)(y))


BUG = Bug(
    cause="execution-build",
    region="units % 2 == 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 3, "feed_forward_dim": 2, "num_heads": 1},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="table[:, 1::2] = np.cos(angles)",
)
