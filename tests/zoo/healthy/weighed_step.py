"""A training step of its own that gives the compiled loss a mask as weights."""

import keras
import tensorflow as tf
from keras import layers


class M(keras.Model):
    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        w = tf.cast(tf.not_equal(y, 0), tf.float32)
        w /= tf.reduce_mean(w)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=w)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    src = keras.Input((None,), dtype="int32", name="src")
    tgt = keras.Input((None,), dtype="int32", name="tgt")
    h = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(src))
    y = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, embedding_dim)(tgt), initial_state=h
    )
    model = M([src, tgt], layers.Dense(target_vocab_size)(y))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
