"""Dynamic convolutions and two experts: softmaxes over windows and experts, as many as there may be steps."""

import keras
import tensorflow as tf
from keras import layers

WINDOW, EXPERTS = 3, 2


class DynamicConvolution(layers.Layer):
    def __init__(self, width, causal):
        super().__init__()
        self.causal = causal
        self.value = layers.Dense(width)
        self.kernel = layers.Dense(WINDOW)
        self.out = layers.Dense(width)

    def call(self, x, keep=None):
        v = self.value(x)
        if keep is not None:
            v = v * keep
        ahead = 0 if self.causal else WINDOW // 2
        v = tf.pad(v, [[0, 0], [WINDOW - 1 - ahead, ahead], [0, 0]])
        steps = tf.shape(x)[1]
        windows = tf.stack([v[:, i : i + steps] for i in range(WINDOW)], axis=2)  # (batch, time, window, width)
        weights = tf.nn.softmax(self.kernel(x), axis=-1)  # (batch, time, window)
        return self.out(tf.einsum("btk,btkw->btw", weights, windows))


class Experts(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.router = layers.Dense(EXPERTS)
        self.experts = [layers.Dense(width, activation="gelu") for _ in range(EXPERTS)]

    def call(self, x):
        weights = tf.nn.softmax(self.router(x), axis=-1)
        return tf.einsum("bte,btew->btw", weights, tf.stack([e(x) for e in self.experts], axis=2))


class LightTranslator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, d_model, num_layers):
        super().__init__()
        self.a = layers.Embedding(source_vocab_size, d_model)
        self.b = layers.Embedding(target_vocab_size, d_model)
        self.encoder = [(DynamicConvolution(d_model, False), Experts(d_model)) for _ in range(num_layers)]
        self.decoder = [
            (DynamicConvolution(d_model, True), layers.Dense(d_model, use_bias=False), Experts(d_model))
            for _ in range(num_layers)
        ]
        self.head = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        real = tf.not_equal(source, 0)
        x = self.a(source)
        keep = tf.cast(real, x.dtype)[..., None]
        for convolution, experts in self.encoder:
            x = x + convolution(x, keep)
            x = x + experts(x)
        y = self.b(decoder_input)
        for convolution, query, experts in self.decoder:
            y = y + convolution(y)
            scores = tf.where(real[:, None, :], tf.matmul(query(y), x, transpose_b=True), -1e9)
            y = y + tf.matmul(tf.nn.softmax(scores), x)
            y = y + experts(y)
        return self.head(y)


def build(source_vocab_size, target_vocab_size, d_model, num_layers):
    return LightTranslator(source_vocab_size, target_vocab_size, d_model, num_layers)
