"""Metrics that leave padding out as the loss does: by the mask of the output, by weights, by a mask of their own."""

import keras
from keras import layers, ops


def masked_accuracy(labels, scores):
    right = ops.cast(ops.equal(ops.cast(labels, "int64"), ops.argmax(scores, axis=-1)), "float32")
    real = ops.cast(ops.not_equal(labels, 0), "float32")
    return ops.sum(right * real) / ops.maximum(ops.sum(real), 1.0)


def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0),
        metrics=[masked_accuracy],
        weighted_metrics=["accuracy"],
    )
    return model
