import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class HeadedAttention(layers.Layer):
    """Attention with several heads, written as in the Transformer tutorial."""

    def __init__(self, d_model, n_heads, **kwargs):
        super().__init__(**kwargs)
        self.n_heads, self.depth, self.d_model = n_heads, d_model // n_heads, d_model
        self.wq, self.wk, self.wv = (layers.Dense(d_model) for _ in range(3))
        self.dense = layers.Dense(d_model)

    def split(self, x):
        shape = tf.shape(x)
        x = tf.reshape(x, (shape[0], shape[1], self.n_heads, self.depth))
        return tf.transpose(x, [0, 2, 1, 3])

    def call(self, query, value, mask):
        q, k, v = self.split(self.wq(query)), self.split(self.wk(value)), self.split(self.wv(value))
        scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(float(self.depth))
        weights = tf.nn.softmax(scores + (1.0 - tf.cast(mask, scores.dtype)) * -1e9)
        context = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])
        shape = tf.shape(context)
        return self.dense(tf.reshape(context, (shape[0], shape[1], self.d_model)))


class Transformer(keras.Model):
    def __init__(self, src_vocab_size, tgt_vocab_size, d_model, n_heads):
        super().__init__()
        self.source_embedding = layers.Embedding(src_vocab_size, d_model)
        self.target_embedding = layers.Embedding(tgt_vocab_size, d_model)
        self.memory = layers.Dense(d_model, activation="relu")
        self.decoder = layers.GRU(d_model, return_sequences=True)
        self.cross = HeadedAttention(d_model, n_heads)
        self.norm = layers.LayerNormalization()
        self.final = layers.Dense(tgt_vocab_size)

    def call(self, inputs):
        source, target = inputs
        memory = self.memory(self.source_embedding(source))
        x = self.decoder(self.target_embedding(target))
        x = self.norm(x + self.cross(x, memory, tf.not_equal(source, 0)[:, None, None, :]))
        return self.final(x)


def build(src_vocab_size, tgt_vocab_size, d_model, n_heads):
    return Transformer(src_vocab_size, tgt_vocab_size, d_model, n_heads)


BUG = Bug(
    cause="decoder-heads",
    region="units % num_heads != 0",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_heads": 3},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="self.n_heads, self.depth, self.d_model = n_heads, d_model // n_heads, d_model",
    shown="x = tf.reshape(x, (shape[0], shape[1], self.n_heads, self.depth))",
)
