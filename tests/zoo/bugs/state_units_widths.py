import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


class Encoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, enc_units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)
        self.gru = layers.GRU(enc_units, return_sequences=True, return_state=True)

    def call(self, x):
        output, state = self.gru(self.embedding(x))
        return output, state


class Decoder(keras.Model):
    def __init__(self, vocab_size, embedding_dim, dec_units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.gru = layers.GRU(dec_units, return_sequences=True, return_state=True)
        self.query = layers.Dense(dec_units)
        self.fc = layers.Dense(vocab_size)

    def call(self, x, hidden, enc_output):
        output, state = self.gru(self.embedding(x), initial_state=hidden)
        keys = self.query(enc_output)
        weights = tf.nn.softmax(tf.matmul(output, keys, transpose_b=True))
        context = tf.matmul(weights, enc_output)
        return self.fc(tf.concat([context, output], axis=-1)), state


def build(source_words=9, target_words=9, embedding_dim=4, enc_units=4, dec_units=4):
    """Encoder and decoder of the TensorFlow translation tutorial, with Luong attention."""
    return EncoderDecoder(
        Encoder(source_words, embedding_dim, enc_units),
        Decoder(target_words, embedding_dim, dec_units),
    )


BUG = Bug(
    cause="state-units",
    region="encoder_units != decoder_units",
    minimal=Case(
        dimensions={
            "source_vocab_size": 9,
            "target_vocab_size": 9,
            "embedding_dim": 2,
            "encoder_units": 2,
            "decoder_units": 3,
        },
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="output, state = self.gru(self.embedding(x), initial_state=hidden)",
)
