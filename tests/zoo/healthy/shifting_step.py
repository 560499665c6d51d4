"""A training step of its own that makes the decoder's input from the labels: the start token, and all but the last."""

import keras
import tensorflow as tf
from keras import layers

START = 1


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
        shifted = tf.concat([tf.fill((tf.shape(labels)[0], 1), START), labels[:, :-1]], axis=1)
        with tf.GradientTape() as tape:
            logits = self((source, shifted), training=True)
            loss = self.compute_loss(y=labels, y_pred=logits)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    model = Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
    model.compile(optimizer="adam", loss=masked_loss)
    return model
