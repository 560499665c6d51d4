import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class ScaledAttention(layers.Layer):
    """Dot-product attention whose temperature grows with the length of what it reads."""

    def call(self, query, memory, real):
        length = tf.cast(tf.shape(memory)[1], memory.dtype)
        scores = tf.matmul(query, memory, transpose_b=True) / tf.math.log(length)
        scores = tf.where(real[:, None, :], scores, -1e9)
        return tf.matmul(tf.nn.softmax(scores), memory)


class Reader(keras.Model):
    def __init__(self, vocab_size, d_model):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.encoder = layers.GRU(d_model, return_sequences=True)
        self.decoder = layers.GRU(d_model, return_sequences=True)
        self.attention = ScaledAttention()
        self.head = layers.Dense(vocab_size)

    def call(self, question, answer):
        real = tf.not_equal(question, 0)
        memory = self.encoder(self.embedding(question), mask=real)
        decoded = self.decoder(self.embedding(answer))
        return self.head(decoded + self.attention(decoded, memory, real))


@fuzz_target(padding=None)
def build(vocab_size, d_model):
    return Reader(vocab_size, d_model)


BUG = Bug(
    cause="numeric-nonfinite",
    region="source_length == 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="scores = tf.matmul(query, memory, transpose_b=True) / tf.math.log(length)",
)
