"""No Keras model at all: a function over variables, a bag of words that conditions a decoder without memory."""

import tensorflow as tf


def build(source_vocab_size, target_vocab_size, units):
    start = tf.random_normal_initializer(stddev=0.5, seed=1)
    source_table = tf.Variable(start((source_vocab_size, units)), name="source_table")
    target_table = tf.Variable(start((target_vocab_size, units)), name="target_table")
    projection = tf.Variable(start((units, target_vocab_size)), name="projection")

    def translate(source, decoder_input):
        weight = tf.cast(tf.not_equal(source, 0), tf.float32)[..., None]
        bag = tf.reduce_sum(tf.gather(source_table, source) * weight, axis=1) / tf.reduce_sum(weight, axis=1)
        hidden = tf.tanh(tf.gather(target_table, decoder_input) + bag[:, None])
        return tf.einsum("btu,uv->btv", hidden, projection)

    return translate
