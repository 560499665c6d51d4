"""A training step that takes a dict with the labels in it, with dropout and a mask of its own."""

import keras
import tensorflow as tf
from keras import layers


class Summarizer(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.encoder, self.decoder = layers.GRU(units), layers.GRU(units, return_sequences=True)
        self.dropout, self.head = layers.Dropout(0.3), layers.Dense(vocab_size)

    def call(self, inputs, training=None):
        source, target = inputs["article"], inputs["summary"]
        state = self.encoder(self.dropout(self.embedding(source), training=training), mask=source != 0)
        return self.head(self.decoder(self.embedding(target), initial_state=state))

    def train_step(self, data):
        labels = data["labels"]
        with tf.GradientTape() as tape:
            scores = self({"article": data["article"], "summary": data["summary"]}, training=True)
            each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
            real = tf.cast(labels != 0, each.dtype)
            loss = tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, embedding_dim, units):
    model = Summarizer(vocab_size, embedding_dim, units)
    model.compile("adam")
    return model
