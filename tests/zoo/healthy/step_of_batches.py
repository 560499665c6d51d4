"""A training step that takes what its own pipeline makes: lengths beside both sides, in an order of its own."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


def batch(source, source_length, target):
    return {"x": (source, source_length), "y": target}


class Translator(keras.Model):
    def train_step(self, data):
        (source, lengths), target = data["x"], data["y"]
        with tf.GradientTape() as tape:
            tf.debugging.assert_equal(lengths, tf.math.count_nonzero(source, axis=1, dtype=tf.int32))
            scores = self([source, target[:, :-1]], training=True)
            each = keras.losses.sparse_categorical_crossentropy(target[:, 1:], scores, from_logits=True)
            real = tf.cast(target[:, 1:] != 0, each.dtype)
            loss = tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


@fuzz_target(batch=batch)
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Dropout(0.2)(layers.Embedding(target_vocab_size, units)(target))
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = Translator([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile("adam")
    return model
