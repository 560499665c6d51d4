"""Dropout that drops nothing and is right: a rate of zero, and a frozen encoder that never hears of training."""

import keras
import tensorflow as tf
from keras import layers

RATE = 0.0


def encoder(vocab_size, units):
    words = keras.Input((None,), dtype="int32")
    x = layers.Dropout(0.4)(layers.Embedding(vocab_size, units)(words))
    return keras.Model(words, layers.LSTM(units, return_sequences=True)(x, mask=words != 0), trainable=False)


class Tagger(keras.Model):
    def __init__(self, vocab_size, units, num_tags):
        super().__init__()
        self.encoder, self.teacher = encoder(vocab_size, units), encoder(vocab_size, units)
        self.dropout, self.drop_more = layers.Dropout(RATE), layers.Dropout(0.5)
        self.tags = layers.Dense(num_tags)

    def call(self, words, training=None):
        x = self.encoder(words, training=False)
        x = self.drop_more(self.dropout(x, training=training), training=training)
        return self.tags(x)

    def train_step(self, data):
        words, tags = data
        wanted = self.teacher(words, training=False)
        with tf.GradientTape() as tape:
            each = keras.losses.sparse_categorical_crossentropy(tags, self(words, training=True), from_logits=True)
            real = tf.cast(words != 0, each.dtype)
            loss = tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0) + 0.0 * tf.reduce_sum(wanted)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, units, num_tags):
    model = Tagger(vocab_size, units, num_tags)
    model.compile("adam")
    return model
