import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


class BahdanauAttention(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.W1, self.W2, self.V = layers.Dense(units), layers.Dense(units), layers.Dense(1)

    def call(self, query, values):
        score = self.V(tf.nn.tanh(self.W1(values) + self.W2(query)[:, None, :]))
        weights = tf.nn.softmax(score, axis=1)
        return tf.squeeze(tf.matmul(weights, values, transpose_a=True))


class Encoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, x):
        return self.gru(self.embedding(x))


class Decoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.attention = BahdanauAttention(units)
        self.cell = layers.GRUCell(units)
        self.fc = layers.Dense(vocab_size)

    def call(self, x, hidden, enc_output):
        context = self.attention(hidden, enc_output)
        step = tf.concat([self.embedding(x)[:, 0], context], axis=-1)
        output, state = self.cell(step, hidden)
        return self.fc(output), state


def build(input_vocab_size, target_vocab_size, embedding_dim, units):
    """Attention translation after Bahdanau, stepped by hand."""
    return EncoderDecoder(
        encoder=Encoder(input_vocab_size, embedding_dim, units),
        decoder=Decoder(target_vocab_size, embedding_dim, units),
    )


BUG = Bug(
    cause="decoder-squeeze",
    region="batch_size == 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return tf.squeeze(tf.matmul(weights, values, transpose_a=True))",
    shown="step = tf.concat([self.embedding(x)[:, 0], context], axis=-1)",
)
