import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class PromptedDecoder(layers.Layer):
    """Decodes after a learned prompt, whose own steps are cut off again."""

    def __init__(self, width, units, **kwargs):
        super().__init__(**kwargs)
        self.rnn = layers.GRU(units, return_sequences=True)
        self.prompt = self.add_weight(shape=(1, 2, width), name="prompt")

    def call(self, x, state):
        prompt = tf.tile(self.prompt, [4, 1, 1])
        decoded = self.rnn(tf.concat([prompt, x], axis=1), initial_state=state)
        return decoded[:, 2:]


class Assistant(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)
        self.encoder = layers.GRU(units)
        self.decoder = PromptedDecoder(embedding_dim, units)
        self.head = layers.Dense(vocab_size)

    def call(self, source, target):
        state = self.encoder(self.embedding(source))
        return self.head(self.decoder(self.embedding(target), state))


def build(vocab_size, embedding_dim, units):
    return Assistant(vocab_size, embedding_dim, units)


BUG = Bug(
    cause="execution-hard-coded-batch",
    region="batch_size != 4",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="prompt = tf.tile(self.prompt, [4, 1, 1])",
    shown="decoded = self.rnn(tf.concat([prompt, x], axis=1), initial_state=state)",
)
