"""Dicts of ids and lengths in, and of logits and attention weights out, with a loss for the logits alone."""

import keras
from keras import layers, ops

#: Before it, the losses of a dict go by the names of layers, and not by the keys of the outputs.
NEEDS_KERAS = "3.7"


class LengthMask(layers.Layer):
    def call(self, ids, lengths):
        return ops.arange(ops.shape(ids)[1])[None, :] < ops.cast(lengths, "int32")[:, None]


class BilinearAttention(layers.Layer):
    """Returns what is looked at, and the weights of looking."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(units, use_bias=False)

    def build(self, query_shape, memory_shape, real_shape):
        self.inner.build(memory_shape)

    def call(self, query, memory, real):
        scores = ops.matmul(query, ops.transpose(self.inner(memory), (0, 2, 1)))
        weights = ops.softmax(ops.where(real[:, None, :], scores, -1e9), axis=-1)
        return ops.matmul(weights, memory), weights


class SmoothedLoss(keras.losses.Loss):
    """Cross-entropy with smoothed labels: the sum over real tokens by their number."""

    def __init__(self, smoothing=0.1, **kwargs):
        super().__init__(reduction="sum", **kwargs)
        self.smoothing = smoothing

    def call(self, labels, logits):
        labels = ops.cast(labels, "int32")
        words = ops.shape(logits)[-1]
        log_p = ops.log_softmax(logits, axis=-1)
        truth = ops.one_hot(labels, words, dtype=log_p.dtype)
        smooth = truth * (1.0 - self.smoothing) + self.smoothing / words
        each = -ops.sum(smooth * log_p, axis=-1)
        real = ops.cast(ops.not_equal(labels, 0), each.dtype)
        return each * real / ops.maximum(ops.sum(real), 1.0)


def build(source_vocab_size, target_vocab_size, embedding_size, rnn_units):
    source = keras.Input((None,), dtype="int32", name="source_ids")
    lengths = keras.Input((), dtype="int32", name="source_lengths")
    target = keras.Input((None,), dtype="int32", name="decoder_ids")
    real = LengthMask()(source, lengths)
    x = layers.Embedding(source_vocab_size, embedding_size)(source)
    memory, *states = layers.Bidirectional(
        layers.LSTM(rnn_units, return_sequences=True, return_state=True), merge_mode="concat"
    )(x, mask=real)
    h = layers.Concatenate()([states[0], states[2]])
    c = layers.Concatenate()([states[1], states[3]])
    y = layers.Embedding(target_vocab_size, embedding_size)(target)
    y = layers.LSTM(2 * rnn_units, return_sequences=True)(y, initial_state=[h, c])
    context, weights = BilinearAttention(2 * rnn_units)(y, memory, real)
    y = layers.Dense(rnn_units, activation="tanh")(layers.Concatenate()([y, context]))
    logits = layers.Dense(target_vocab_size)(y)
    model = keras.Model(
        {"source_ids": source, "source_lengths": lengths, "decoder_ids": target},
        {"logits": logits, "attention": weights},
    )
    model.compile(optimizer="adam", loss={"logits": SmoothedLoss(), "attention": None})
    return model
