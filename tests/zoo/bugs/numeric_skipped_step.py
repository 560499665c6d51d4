import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair, fuzz_target
from tests.zoo.bug import Bug


def loss_after_start(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)[:, 1:]
    real = tf.cast(labels[:, 1:] > 0, losses.dtype)
    return tf.reduce_sum(losses * real) / tf.cast(tf.shape(labels)[0] * (tf.shape(labels)[1] - 1), losses.dtype)


class Encoder(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.lstm = layers.LSTM(units, return_state=True)

    def call(self, x):
        _, h, c = self.lstm(self.embedding(x))
        return h, c


class Decoder(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units)
        self.lstm = layers.LSTM(units, return_sequences=True, return_state=True)
        self.fc = layers.Dense(vocab_size)

    def call(self, x, states):
        output, h, c = self.lstm(self.embedding(x), initial_state=states)
        return self.fc(output), [h, c]


@fuzz_target(loss=loss_after_start)
def build(source_vocab_size, target_vocab_size, latent_dim):
    """Two models that pass h and c between them."""
    return EncoderDecoder(Encoder(source_vocab_size, latent_dim), Decoder(target_vocab_size, latent_dim))


BUG = Bug(
    cause="numeric-nonfinite",
    region="target_length == 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return tf.reduce_sum(losses * real) / tf.cast(tf.shape(labels)[0] * (tf.shape(labels)[1] - 1), losses.dtype)",
)
