"""The output is a softmax already, and the loss takes it for logits: it can never come near zero."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def masked_loss(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    real = tf.cast(tf.not_equal(labels, 0), losses.dtype)
    return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)


@fuzz_target(loss=masked_loss)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator of probabilities."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size, activation="softmax")(x))


BUG = Bug(
    cause="loss-logits",
    check="loss_logits",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)",
)
