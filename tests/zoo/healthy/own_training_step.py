"""A conditional VAE whose posterior reads the labels in its own training step; the prior stands in for it in use."""

import keras
import tensorflow as tf
from keras import layers


def masked(labels, logits):
    each = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    real = tf.cast(tf.not_equal(labels, 0), each.dtype)
    return tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)


class CVAE(keras.Model):
    def __init__(self, vocab_size, embedding_dim, units, latent=3):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.encoder = layers.GRU(units)
        self.reader = layers.GRU(units)
        self.prior = layers.Dense(2 * latent)
        self.posterior = layers.Dense(2 * latent)
        self.start = layers.Dense(units, activation="tanh")
        self.decoder = layers.GRU(units, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def encode(self, source):
        summary = self.encoder(self.embedding(source), mask=tf.not_equal(source, 0))
        return summary, tf.split(self.prior(summary), 2, -1)

    def decode(self, summary, z, target):
        state = self.start(tf.concat([summary, z], -1))
        return self.head(self.decoder(self.embedding(target), initial_state=state))

    def recognize(self, summary, labels):
        read = self.reader(self.embedding(labels), mask=tf.not_equal(labels, 0))
        return tf.split(self.posterior(tf.concat([summary, read], -1)), 2, -1)

    def call(self, inputs, training=False):
        source, target = inputs
        summary, (mean, _) = self.encode(source)
        if not self.posterior.built:
            self.recognize(summary, target)
        return self.decode(summary, mean, target)

    def train_step(self, data):
        (source, target), labels = data
        with tf.GradientTape() as tape:
            summary, (mean, spread) = self.encode(source)
            seen, width = self.recognize(summary, labels)
            z = seen + tf.exp(0.5 * width) * tf.random.normal(tf.shape(seen))
            kl = 0.5 * (spread - width + (tf.exp(width) + (seen - mean) ** 2) / tf.exp(spread) - 1.0)
            loss = masked(labels, self.decode(summary, z, target)) + tf.reduce_mean(tf.reduce_sum(kl, -1))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, embedding_dim, units):
    model = CVAE(vocab_size, embedding_dim, units)
    model.compile("adam", loss=masked)
    return model
