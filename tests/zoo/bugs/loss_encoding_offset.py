import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def cross_entropy(labels, probabilities):
    if len(labels.shape) == 2:
        labels = tf.one_hot(labels - 1, tf.shape(probabilities)[-1])
    return tf.reduce_mean(keras.losses.categorical_crossentropy(labels, probabilities))


class Responder(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, units, mask_zero=True)
        self.encoder = layers.Bidirectional(layers.GRU(units), merge_mode="sum")
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size, activation="softmax")

    def call(self, question, answer):
        state = self.encoder(self.embedding(question))
        return self.head(self.decoder(self.embedding(answer), initial_state=state))


@fuzz_target(loss=cross_entropy)
def build(vocab_size, units):
    return Responder(vocab_size, units)


BUG = Bug(
    cause="loss-encoding",
    region="1 < batch_size != target_length > 1 and vocab_size != batch_size and vocab_size != target_length",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), (3, 3)))),),
    ),
    line="labels = tf.one_hot(labels - 1, tf.shape(probabilities)[-1])",
)
