"""Columns of handwriting to characters by CTC: half as many steps out as in, each row with the steps that it has."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


class Reader(keras.Model):
    """Learns by CTC of the real steps of each row; its labels are padded with -1, and its last class is the blank."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        written = tf.reduce_sum(tf.cast(tf.reduce_any(x != 0, -1), tf.int32), -1)
        lengths = tf.reduce_sum(tf.cast(y != -1, tf.int32), -1)
        steps = (written + 1) // 2
        return tf.reduce_mean(tf.nn.ctc_loss(y, y_pred, lengths, steps, logits_time_major=False, blank_index=-1))


@fuzz_target(labels="ctc", tokens={"blank": -1, "label_pad": -1})
def build(feature_dim, num_classes, units):
    columns = keras.Input((None, feature_dim), name="columns")
    x = layers.GRU(units, return_sequences=True)(columns)
    model = Reader(columns, layers.Dense(num_classes)(x)[:, ::2])
    model.compile("adam")
    return model
