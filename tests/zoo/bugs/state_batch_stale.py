import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Decoder(layers.Layer):
    """Feeds a summary of the source and its own last state to every step."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.cell = layers.Dense(units, activation="tanh")
        self.rows = None

    def call(self, x, summary):
        if self.rows is None:
            self.rows = x.shape[0]
        state, outputs = tf.zeros((self.rows, self.units)), []
        for step in range(x.shape[1]):
            state = self.cell(tf.concat([x[:, step], summary, state], axis=-1))
            outputs.append(state)
        return tf.stack(outputs, axis=1)


class Captioner(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.LSTM(units)
        self.decoder = Decoder(units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        summary = self.encoder(self.source_embedding(source))
        return self.head(self.decoder(self.target_embedding(target), summary))


@fuzz_target(graph=False)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Captioner(source_vocab_size, target_vocab_size, embedding_dim, units)


BUG = Bug(
    cause="state-batch",
    region="batch_size != previous_batch_size",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(
            Batch(pairs=(Pair((3,), ()),)),
            Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),
        ),
    ),
    line="self.rows = x.shape[0]",
    shown="state = self.cell(tf.concat([x[:, step], summary, state], axis=-1))",
)
