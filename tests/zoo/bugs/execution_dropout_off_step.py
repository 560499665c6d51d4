"""A training step that never says training: https://github.com/tensorflow/tensorflow/issues/36936."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def masked_loss(labels, scores):
    each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
    real = tf.cast(labels != 0, each.dtype)
    return tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.dropout = layers.Dropout(0.2)
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs, training=None):
        source, target = inputs
        state = self.encoder(self.source_embedding(source))
        decoded = self.decoder(self.target_embedding(target), initial_state=state)
        return self.head(self.dropout(decoded, training=training))

    def train_step(self, data):
        source, target = data
        with tf.GradientTape() as tape:
            loss = masked_loss(target[:, 1:], self((source, target[:, :-1])))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, units):
    model = Translator(source_vocab_size, target_vocab_size, units)
    model.compile("adam")
    return model


BUG = Bug(
    cause="execution-dropout-off",
    check="training_differs",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="loss = masked_loss(target[:, 1:], self((source, target[:, :-1])))",
    shown="return self.head(self.dropout(decoded, training=training))",
)
