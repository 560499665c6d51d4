import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class LeakyCell(layers.Layer):
    """A leaky integrator for ``keras.layers.RNN``."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units
        self.project = layers.Dense(units, activation="tanh")

    def build(self, input_shape):
        self.project.build((None, input_shape[-1] + self.units))
        self.built = True

    def get_initial_state(self, batch_size=None):
        return [tf.zeros((batch_size, self.units), dtype=tf.float64)]

    def call(self, inputs, states):
        state = 0.5 * states[0] + 0.5 * self.project(tf.concat([inputs, states[0]], axis=-1))
        return state, [state]


class Seq2Seq(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.encoder = layers.RNN(LeakyCell(units))
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, source, target):
        state = self.encoder(self.embedding(source))
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
    line="return [tf.zeros((batch_size, self.units), dtype=tf.float64)]",
    shown="state = 0.5 * states[0] + 0.5 * self.project(tf.concat([inputs, states[0]], axis=-1))",
)
