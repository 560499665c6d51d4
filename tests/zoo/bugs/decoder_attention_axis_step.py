"""The softmax of the attention takes the last axis, of size one, where axis 1 is the source: every weight is one."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


class Encoder(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True, zero_output_for_mask=True)

    def call(self, x):
        output, state = self.gru(self.embedding(x), mask=tf.not_equal(x, 0))
        return output, state


class Decoder(keras.Model):
    """One step of a decoder with Bahdanau attention."""

    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.w1, self.w2, self.v = layers.Dense(units), layers.Dense(units), layers.Dense(1)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)
        self.scores = layers.Dense(vocab_size)

    def call(self, x, hidden, enc_output):
        score = self.v(tf.nn.tanh(self.w1(enc_output) + self.w2(hidden)[:, None]))
        weights = tf.nn.softmax(score)
        context = tf.reduce_sum(weights * enc_output, axis=1)
        x = tf.concat([context[:, None], self.embedding(x)], axis=-1)
        output, state = self.gru(x, initial_state=hidden)
        return self.scores(output), state


def build(source_vocab_size, target_vocab_size, units):
    return EncoderDecoder(Encoder(source_vocab_size, units), Decoder(target_vocab_size, units))


BUG = Bug(
    cause="decoder-attention-axis",
    check="attention_normalized",
    region="source_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 3},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="weights = tf.nn.softmax(score)",
)
