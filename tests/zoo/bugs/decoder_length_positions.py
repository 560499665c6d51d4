import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def sinusoids(steps, width):
    frequencies = tf.exp(-9.2 * tf.range(width, dtype=tf.float32) / width)
    return tf.sin(tf.range(steps, dtype=tf.float32)[:, None] * frequencies)


class PointerTransformer(keras.Model):
    def __init__(self, vocab_size, d_model):
        super().__init__()
        self.d_model = d_model
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.encoder = layers.MultiHeadAttention(1, d_model)
        self.decoder = layers.MultiHeadAttention(1, d_model)
        self.cross = layers.MultiHeadAttention(1, d_model)
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        source, target = inputs["encoder_input"], inputs["decoder_input"]
        real = tf.not_equal(source, 0)[:, None, :]
        positions = sinusoids(tf.shape(source)[1], self.d_model)
        x = self.embedding(source) + positions
        memory = self.encoder(x, x, attention_mask=real)
        y = self.embedding(target) + positions
        y = self.decoder(y, y, use_causal_mask=True)
        return self.head(self.cross(y, memory, attention_mask=real))


def build(vocab_size, d_model):
    return PointerTransformer(vocab_size, d_model)


BUG = Bug(
    cause="decoder-length-assumption",
    region="source_length != target_length and source_length != 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="y = self.embedding(target) + positions",
)
