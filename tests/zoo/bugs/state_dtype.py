import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class ElmanEncoder(layers.Layer):
    """A recurrent layer written out, which returns its last state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1] + self.units, self.units), name="kernel")

    def call(self, x, real):
        state = tf.zeros((tf.shape(x)[0], self.units), dtype=tf.float64)
        for step in tf.range(tf.shape(x)[1]):
            update = tf.tanh(tf.matmul(tf.concat([x[:, step], state], axis=-1), self.kernel))
            state = tf.where(real[:, step, None], update, state)
        return state


class Seq2Seq(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.encoder = ElmanEncoder(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, source, target):
        state = self.encoder(self.embedding(source), tf.not_equal(source, 0))
        return self.head(self.decoder(self.embedding(target), initial_state=state))


def build(vocab_size, units):
    return Seq2Seq(vocab_size, units)


BUG = Bug(
    cause="state-dtype",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="state = tf.zeros((tf.shape(x)[0], self.units), dtype=tf.float64)",
    shown="update = tf.tanh(tf.matmul(tf.concat([x[:, step], state], axis=-1), self.kernel))",
)
