"""A metric of its own divides by all positions: https://github.com/cs230-stanford/cs230-code-examples/issues/13."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def masked_loss(labels, scores):
    each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
    real = ops.cast(ops.not_equal(labels, 0), each.dtype)
    return ops.sum(each * real) / ops.maximum(ops.sum(real), 1.0)


def word_accuracy(labels, scores):
    return ops.mean(ops.cast(ops.equal(ops.cast(labels, "int64"), ops.argmax(scores, axis=-1)), "float32"))


@fuzz_target(kind="decoder")
def build(vocab_size, embedding_dim, units):
    words = keras.Input((None,), dtype="int32", name="words")
    x = layers.Embedding(vocab_size, embedding_dim)(words)
    x = layers.LSTM(units, return_sequences=True)(x)
    model = keras.Model(words, layers.Dense(vocab_size)(x))
    model.compile("adam", masked_loss, metrics=[word_accuracy])
    return model


BUG = Bug(
    cause="loss-metric-padding",
    check="metrics_ignore_padding",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((), ()),), extra_target=1),),
    ),
    line="model.compile(",
)
