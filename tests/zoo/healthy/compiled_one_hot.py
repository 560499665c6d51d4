"""A compiled model of probabilities, for one-hot or smoothed targets; rows whose largest class is 0 are padding."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


@keras.saving.register_keras_serializable("zoo")
class MaskedCategoricalCrossentropy(keras.losses.Loss):
    def __init__(self, name="masked_categorical_crossentropy"):
        super().__init__(name=name, reduction="sum")

    def call(self, y_true, y_pred):
        each = keras.losses.categorical_crossentropy(y_true, y_pred)
        real = ops.cast(ops.not_equal(ops.argmax(y_true, axis=-1), 0), each.dtype)
        return each * real / ops.maximum(ops.sum(real), 1.0)


@fuzz_target(target_encoding="one_hot")
def build(vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    embedding = layers.Embedding(vocab_size, embedding_dim)
    _, state = layers.GRU(units, return_state=True, return_sequences=True)(
        embedding(source), mask=ops.not_equal(source, 0)
    )
    y = layers.GRU(units, return_sequences=True)(
        embedding(decoder_input), mask=ops.not_equal(decoder_input, 0), initial_state=state
    )
    words = layers.Dense(vocab_size, activation="softmax")(y)
    model = keras.Model([source, decoder_input], words)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=MaskedCategoricalCrossentropy())
    return model
