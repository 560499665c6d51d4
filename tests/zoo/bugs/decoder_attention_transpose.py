import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class LuongAttention(layers.Layer):
    """General attention after Luong et al. (2015)."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.project = layers.Dense(units, use_bias=False)

    def call(self, query, values, real):
        scores = tf.matmul(self.project(query), values)
        scores += (1.0 - tf.cast(real[:, None, :], scores.dtype)) * -1e9
        return tf.matmul(tf.nn.softmax(scores), values)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = LuongAttention(units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        real = tf.not_equal(source, 0)
        memory, state = self.encoder(self.source_embedding(source), mask=real)
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        context = self.attention(decoded, memory, real)
        return self.head(tf.concat([decoded, context], axis=-1))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-attention-shape",
    region="source_length != units",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="scores = tf.matmul(self.project(query), values)",
)
