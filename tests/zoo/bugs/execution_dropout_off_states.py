"""Dropout of a recurrent layer in a training step that never says training.

See https://github.com/tensorflow/tensorflow/issues/29187.
"""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Tagger(keras.Model):
    def train_step(self, data):
        words, tags = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=words, y=tags, y_pred=self(words))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(vocab_size, embedding_dim, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)(words)
    x = layers.Bidirectional(layers.GRU(units, return_sequences=True, dropout=0.2, recurrent_dropout=0.2))(x)
    model = Tagger(words, layers.Dense(num_tags)(x))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


BUG = Bug(
    cause="execution-dropout-off",
    check="training_differs",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="loss = self.compute_loss(x=words, y=tags, y_pred=self(words))",
    shown="x = layers.Bidirectional(layers.GRU(units, return_sequences=True, dropout=0.2, recurrent_dropout=0.2))(x)",
)
