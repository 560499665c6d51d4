import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class DroppingTranslator(keras.Model):
    """A GRU translator that always drops half of its summary, in a call that its author had traced."""

    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    @tf.function
    def call(self, source, target):
        summary = tf.nn.dropout(self.encoder(self.source_embedding(source)), rate=0.5)
        return self.head(self.decoder(self.target_embedding(target), initial_state=summary))


def build(source_vocab_size, target_vocab_size, units):
    return DroppingTranslator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="execution-nondeterministic",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="summary = tf.nn.dropout(self.encoder(self.source_embedding(source)), rate=0.5)",
)
