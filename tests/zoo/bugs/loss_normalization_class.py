"""The loss gives zero at padding and leaves the mean to Keras, which divides by the padded size."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class MaskedCrossentropy(keras.losses.Loss):
    def call(self, y_true, y_pred):
        each = keras.losses.categorical_crossentropy(y_true, y_pred)
        real = ops.not_equal(ops.argmax(y_true, axis=-1), 0)
        return each * ops.cast(real, each.dtype)


@fuzz_target(target_encoding="one_hot")
def build(vocab_size, embedding_dim, units):
    """A compiled LSTM translator of probabilities."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding = layers.Embedding(vocab_size, embedding_dim)
    _, h, c = layers.LSTM(units, return_state=True)(embedding(source), mask=ops.not_equal(source, 0))
    x = layers.LSTM(units, return_sequences=True)(embedding(target), initial_state=[h, c])
    model = keras.Model([source, target], layers.Dense(vocab_size, activation="softmax")(x))
    model.compile(optimizer="sgd", loss=MaskedCrossentropy())
    return model


BUG = Bug(
    cause="loss-normalization",
    check="loss_per_token",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), target_encoding="one_hot"),),
    ),
    line="return each * ops.cast(real, each.dtype)",
)
