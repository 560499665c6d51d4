"""The output is logarithms of probabilities, and the loss takes logits: a softmax of them gives them back unchanged."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


def masked_loss(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    real = tf.cast(tf.not_equal(labels, 0), losses.dtype)
    return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)


@fuzz_target(loss=masked_loss)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size, activation="log_softmax")(x))
