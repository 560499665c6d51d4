import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Pointer(layers.Layer):
    """Reads the one encoder step that fits best."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.query = layers.Dense(units, name="query")

    def call(self, decoded, memory, real):
        scores = tf.matmul(self.query(decoded), memory, transpose_b=True)
        scores = tf.where(real[:, None, :], scores, -1e9)
        best = tf.argmax(scores, axis=-1)
        return tf.gather(memory, best, batch_dims=1)


class Copier(keras.Model):
    def __init__(self, src_vocab, tgt_vocab, emb_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(src_vocab, emb_dim)
        self.target_embedding = layers.Embedding(tgt_vocab, emb_dim)
        self.encoder = layers.GRU(units, return_sequences=True)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.pointer = Pointer(units)
        self.head = layers.Dense(tgt_vocab)

    def call(self, source, target):
        real = tf.not_equal(source, 0)
        memory = self.encoder(self.source_embedding(source), mask=real)
        decoded = self.decoder(self.target_embedding(target))
        return self.head(tf.concat([decoded, self.pointer(decoded, memory, real)], axis=-1))


def build(src_vocab, tgt_vocab, emb_dim, units):
    return Copier(src_vocab, tgt_vocab, emb_dim, units)


BUG = Bug(
    cause="numeric-no-gradient",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="best = tf.argmax(scores, axis=-1)",
)
