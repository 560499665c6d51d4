"""A training step that weighs the loss and not the metrics: https://github.com/keras-team/keras/issues/3855."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Tagger(keras.Model):
    def train_step(self, data):
        words, tags, weights = data
        with tf.GradientTape() as tape:
            scores = self(words, training=True)
            loss = self.compute_loss(x=words, y=tags, y_pred=scores, sample_weight=weights)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.compute_metrics(words, tags, scores)


def build(vocab_size, embedding_dim, units, num_tags):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, embedding_dim)(words))
    model = Tagger(words, layers.Dense(num_tags)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, weighted_metrics=["accuracy"])
    return model


BUG = Bug(
    cause="loss-metric-padding",
    check="metrics_ignore_padding",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), extra_source=1),),
    ),
    line="return self.compute_metrics(words, tags, scores)",
)
