"""A recurrence written in Python, which has no use for its recurrent weights at the first step."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target

#: Before it, a layer takes no None by its place.
NEEDS_KERAS = "3.4"


class Elman(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.w, self.u = layers.Dense(units), layers.Dense(units, use_bias=False)

    def build(self, shape):
        self.w.build(shape)
        self.u.build((None, self.w.units))

    def call(self, x, real=None, state=None):
        h, out = state, []
        for t in range(x.shape[1]):
            z = self.w(x[:, t])
            new = tf.tanh(z if h is None else z + self.u(h))
            h = new if real is None or h is None else tf.where(real[:, t, None], new, h)
            out.append(h)
        return tf.stack(out, 1), h


class Model(keras.Model):
    def __init__(self, vs, vt, e, u):
        super().__init__()
        self.es, self.et = layers.Embedding(vs, e), layers.Embedding(vt, e)
        self.enc, self.dec, self.out = Elman(u), Elman(u), layers.Dense(vt)

    def call(self, source, decoder_input):
        _, h = self.enc(self.es(source), source != 0)
        return self.out(self.dec(self.et(decoder_input), None, h)[0])


@fuzz_target(graph=False)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Model(source_vocab_size, target_vocab_size, embedding_dim, units)
