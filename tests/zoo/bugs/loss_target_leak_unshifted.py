"""The training step gives the decoder its labels as they are: each step is handed the word that it is to predict."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def masked_loss(labels, logits):
    each = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    real = tf.cast(tf.not_equal(labels, 0), each.dtype)
    return tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source, target = inputs
        state = self.encoder(self.source_embedding(source))
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))

    def train_step(self, data):
        (source, _), labels = data
        with tf.GradientTape() as tape:
            logits = self((source, labels), training=True)
            loss = self.compute_loss(y=labels, y_pred=logits)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    model = Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
    model.compile(optimizer="adam", loss=masked_loss)
    return model


BUG = Bug(
    cause="loss-target-leak",
    check="labels_hidden",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="logits = self((source, labels), training=True)",
)
