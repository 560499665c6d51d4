"""All tokens are read, and all but the first are to be said: https://github.com/google/seq2seq/issues/178."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Translator(keras.Model):
    def train_step(self, data):
        source, target = data["inp"], data["targ"]
        with tf.GradientTape() as tape:
            scores = self([source, target], training=True)
            each = keras.losses.sparse_categorical_crossentropy(target[:, 1:], scores, from_logits=True)
            loss = tf.reduce_mean(each * tf.cast(target[:, 1:] != 0, each.dtype))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = Translator([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile("adam")
    return model


BUG = Bug(
    cause="loss-timesteps",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="each = keras.losses.sparse_categorical_crossentropy(target[:, 1:], scores, from_logits=True)",
)
