"""The training step shifts the labels to the left and not to the right: each step is handed the next label."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def masked_loss(labels, logits):
    each = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    real = ops.cast(ops.not_equal(labels, 0), each.dtype)
    return ops.sum(each * real) / ops.maximum(ops.sum(real), 1.0)


class TeacherForced(keras.Model):
    def train_step(self, data):
        (source, _), labels = data
        shifted = ops.pad(labels[:, 1:], [[0, 0], [0, 1]])
        return super().train_step(([source, shifted], labels))


def build(vocab_size, embedding_dim, units):
    """An LSTM paraphraser that makes the input of its decoder from the labels."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding = layers.Embedding(vocab_size, embedding_dim)
    _, h, c = layers.LSTM(units, return_state=True)(embedding(source), mask=ops.not_equal(source, 0))
    x = layers.LSTM(units, return_sequences=True)(embedding(target), initial_state=[h, c])
    model = TeacherForced([source, target], layers.Dense(vocab_size)(x))
    model.compile(optimizer="sgd", loss=masked_loss)
    return model


BUG = Bug(
    cause="loss-target-leak",
    check="labels_hidden",
    region="target_length > 2",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3, 3)),)),),
    ),
    line="shifted = ops.pad(labels[:, 1:], [[0, 0], [0, 1]])",
)
