"""The masked losses are averaged over all positions: the more padding a batch has, the smaller its loss."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def loss_function(real, pred):
    """The loss of the old TensorFlow tutorial on translation with attention."""
    mask = tf.math.logical_not(tf.math.equal(real, 0))
    loss_ = loss_object(real, pred)
    loss_ *= tf.cast(mask, dtype=loss_.dtype)
    return tf.reduce_mean(loss_)


class Translator(keras.Model):
    def __init__(self, vocab_inp_size, vocab_tar_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(vocab_inp_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(vocab_tar_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.fc = layers.Dense(vocab_tar_size)

    def call(self, inp, targ):
        hidden = self.encoder(self.source_embedding(inp))
        return self.fc(self.decoder(self.target_embedding(targ), initial_state=hidden))


@fuzz_target(loss=loss_function)
def build(vocab_inp_size, vocab_tar_size, embedding_dim, units):
    return Translator(vocab_inp_size, vocab_tar_size, embedding_dim, units)


BUG = Bug(
    cause="loss-normalization",
    check="loss_per_token",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return tf.reduce_mean(loss_)",
)
