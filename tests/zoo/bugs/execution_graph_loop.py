import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class StepDecoder(layers.Layer):
    """Runs a cell over the target, one step after the other."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.cell = layers.LSTMCell(units)

    def call(self, x, states):
        outputs = []
        for step in range(x.shape[1]):
            output, states = self.cell(x[:, step], states)
            outputs.append(output)
        return tf.stack(outputs, axis=1)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embed_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embed_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embed_dim)
        self.encoder = layers.LSTM(units, return_state=True)
        self.decoder = StepDecoder(units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source, target = inputs
        _, h, c = self.encoder(self.source_embedding(source))
        return self.head(self.decoder(self.target_embedding(target), [h, c]))


def build(source_vocab_size, target_vocab_size, embed_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embed_dim, units)


BUG = Bug(
    cause="execution-graph",
    region='mode == "graph"',
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
        mode="graph",
    ),
    line="for step in range(x.shape[1]):",
)
