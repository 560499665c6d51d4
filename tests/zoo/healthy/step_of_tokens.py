"""A training step that takes source and target as its data set yields them, and decodes in a loop of its own."""

import keras
import tensorflow as tf
from keras import layers


class Translator(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embedding, self.encoder = layers.Embedding(vocab_size, units), layers.GRU(units)
        self.words, self.cell, self.scores = (
            layers.Embedding(vocab_size, units),
            layers.GRUCell(units),
            layers.Dense(vocab_size),
        )
        self.decoder = layers.RNN(self.cell, return_sequences=True)

    def encode(self, source):
        return self.encoder(self.embedding(source), mask=source != 0)

    def call(self, inputs):
        source, target = inputs
        return self.scores(self.decoder(self.words(target), initial_state=self.encode(source)))

    def train_step(self, data):
        source, target = data
        with tf.GradientTape() as tape:
            state = self.encode(source)
            total = tf.zeros(())
            for step in range(target.shape[1] - 1):
                state, _ = self.cell(self.words(target[:, step]), [state])
                scores = self.scores(state)
                wanted = target[:, step + 1]
                each = keras.losses.sparse_categorical_crossentropy(wanted, scores, from_logits=True)
                total += tf.reduce_sum(each * tf.cast(wanted != 0, each.dtype))
            loss = total / tf.cast(tf.math.count_nonzero(target[:, 1:]), total.dtype)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, units):
    model = Translator(vocab_size, units)
    model.compile("adam")
    return model
