"""The attention has no mask: each step weighs the padding of the source as well, though the encoder left it out."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class LuongTranslator(keras.Model):
    """A GRU translator with dot attention after Luong et al. (2015)."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.join = layers.Dense(units, activation="tanh")
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source, target = inputs
        memory, state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        weights = tf.nn.softmax(tf.matmul(decoded, memory, transpose_b=True))
        return self.head(self.join(tf.concat([tf.matmul(weights, memory), decoded], axis=-1)))


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return LuongTranslator(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="decoder-attention-mask",
    check="padding_invariant",
    region="source_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="weights = tf.nn.softmax(tf.matmul(decoded, memory, transpose_b=True))",
)
