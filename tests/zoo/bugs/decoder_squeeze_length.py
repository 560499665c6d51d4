import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class PositionWise(layers.Layer):
    """Two pointwise convolutions over the steps of the decoder."""

    def __init__(self, filters, units, **kwargs):
        super().__init__(**kwargs)
        self.widen = layers.Conv2D(filters, (1, 1), activation="relu")
        self.narrow = layers.Conv2D(units, (1, 1))

    def call(self, x):
        image = tf.expand_dims(x, 1)
        return x + tf.squeeze(self.narrow(self.widen(image)))


class ConvTranslator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units, filters):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.feed_forward = PositionWise(filters, units)
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        return self.head(self.feed_forward(decoded))


@fuzz_target(graph=False)
def build(source_vocab_size, target_vocab_size, units, filters):
    return ConvTranslator(source_vocab_size, target_vocab_size, units, filters)


BUG = Bug(
    cause="decoder-squeeze",
    region="target_length == 1 and batch_size > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "filters": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), ()))),),
    ),
    line="return x + tf.squeeze(self.narrow(self.widen(image)))",
)
