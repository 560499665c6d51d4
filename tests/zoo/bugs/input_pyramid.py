import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class PyramidEncoder(layers.Layer):
    """Halves the time axis between two recurrent layers, as in Listen, Attend and Spell."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.lower = layers.GRU(units, return_sequences=True)
        self.upper = layers.GRU(units, return_sequences=True)

    def call(self, x):
        x = self.lower(x)
        shape = tf.shape(x)
        x = tf.reshape(x, [shape[0], shape[1] // 2, 2 * self.units])
        return self.upper(x)


class Listener(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = PyramidEncoder(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention = layers.Attention()
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source, target = inputs
        memory = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target))
        return self.head(tf.concat([decoded, self.attention([decoded, memory])], axis=-1))


@fuzz_target(padding=None)
def build(source_vocab_size, target_vocab_size, units):
    return Listener(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="input-length-multiple",
    region="source_length % 2 == 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = tf.reshape(x, [shape[0], shape[1] // 2, 2 * self.units])",
)
