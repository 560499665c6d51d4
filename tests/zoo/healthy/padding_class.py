"""A tagger whose class 0 is padding and nothing else: its loss is the mean over the tags that are another."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


def over_real_tags(tags, scores):
    each = keras.losses.sparse_categorical_crossentropy(tags, scores)
    real = tf.cast(tags != 0, each.dtype)
    return tf.reduce_sum(each * real) / tf.reduce_sum(real)


@fuzz_target(tokens={"label_pad": 0})
def build(vocab_size, embedding_dim, units, output_dim):
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(vocab_size, embedding_dim, mask_zero=True)(source)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)
    model = keras.Model(source, layers.Dense(output_dim, activation="softmax")(x))
    model.compile("adam", loss=over_real_tags)
    return model
