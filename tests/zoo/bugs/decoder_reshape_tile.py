"""The summaries are tiled and not repeated beside the flattened steps: a step gets the summary of another row."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Captioner(keras.Model):
    """Scores every step by itself, from the decoder's output and the summary of the source."""

    def __init__(self, src_vocab_size, tgt_vocab_size, embed_dim, hidden_size):
        super().__init__()
        self.vocab_size, self.hidden_size = tgt_vocab_size, hidden_size
        self.source_embedding = layers.Embedding(src_vocab_size, embed_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(tgt_vocab_size, embed_dim)
        self.encoder = layers.GRU(hidden_size)
        self.decoder = layers.GRU(hidden_size, return_sequences=True)
        self.head = layers.Dense(tgt_vocab_size)

    def call(self, source, target):
        rows, steps = tf.unstack(tf.shape(target))
        summary = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target))
        flat = tf.reshape(decoded, (-1, self.hidden_size))
        context = tf.tile(summary, (steps, 1))
        scores = self.head(tf.concat([flat, context], axis=-1))
        return tf.reshape(scores, (rows, steps, self.vocab_size))


def build(src_vocab_size, tgt_vocab_size, embed_dim, hidden_size):
    return Captioner(src_vocab_size, tgt_vocab_size, embed_dim, hidden_size)


BUG = Bug(
    cause="decoder-reshape",
    check="batch_independent",
    region="batch_size > 1 and target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((4,), (3,)))),),
    ),
    line="context = tf.tile(summary, (steps, 1))",
)
