"""Dropout inside of recurrent layers that a step of its own trains, beside a teacher that is not trained."""

import keras
import tensorflow as tf
from keras import layers


def network(vocab_size, units, num_tags, **dropout):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, units, mask_zero=True)(words)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True, **dropout))(x)
    cells = [layers.GRUCell(units, **dropout), layers.GRUCell(units)]
    return keras.Model(words, layers.Dense(num_tags)(layers.RNN(cells, return_sequences=True)(x)))


class Distilled(keras.Model):
    def __init__(self, *sizes):
        super().__init__()
        self.student = network(*sizes, dropout=0.3)
        self.teacher = network(*sizes, dropout=0.1, recurrent_dropout=0.1)

    def call(self, words, training=None):
        return self.student(words, training=training)

    def train_step(self, data):
        words, tags = data
        wanted = tf.stop_gradient(tf.nn.softmax(self.teacher(words, training=False)))
        with tf.GradientTape() as tape:
            scores = self(words, training=True)
            each = keras.losses.sparse_categorical_crossentropy(tags, scores, from_logits=True)
            each += keras.losses.categorical_crossentropy(wanted, scores, from_logits=True)
            real = tf.cast(words != 0, each.dtype)
            loss = tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)
        weights = self.student.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


def build(vocab_size, units, num_tags):
    model = Distilled(vocab_size, units, num_tags)
    model.teacher.trainable = False
    model.compile("adam")
    return model
