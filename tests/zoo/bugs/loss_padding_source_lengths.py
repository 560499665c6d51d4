"""The loss is masked by the lengths of the source: where a source is longer than its target, padding counts."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Trainer(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        source, _ = x
        lengths = tf.math.count_nonzero(source, axis=1, dtype=tf.int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=y_pred)
        real = tf.sequence_mask(lengths, tf.shape(losses)[1], dtype=losses.dtype)
        return tf.reduce_sum(losses * real) / tf.reduce_sum(real)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator with a loss of its own."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    model = Trainer([source, target], layers.Dense(target_vocab_size)(x))
    model.compile(optimizer="adam")
    return model


BUG = Bug(
    cause="loss-padding",
    check="loss_ignores_padding",
    region="source_length > target_length",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="lengths = tf.math.count_nonzero(source, axis=1, dtype=tf.int32)",
)
