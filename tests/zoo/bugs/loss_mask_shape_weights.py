"""Weights of steps meet losses of rows in a training step: https://github.com/keras-team/keras/issues/15181."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Tagger(keras.Model):
    def train_step(self, data):
        words, tags, weights = data
        with tf.GradientTape() as tape:
            each = keras.losses.sparse_categorical_crossentropy(tags, self(words, training=True), from_logits=True)
            loss = tf.reduce_mean(tf.reduce_mean(each, axis=1) * weights)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, embedding_dim, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)(words)
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
    model = Tagger(words, layers.Dense(num_tags)(x))
    model.compile("adam")
    return model


BUG = Bug(
    cause="loss-mask-shape",
    region="1 < batch_size != source_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3, 3), ()))),),
    ),
    line="loss = tf.reduce_mean(tf.reduce_mean(each, axis=1) * weights)",
)
