import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Standardize(layers.Layer):
    """Brings each feature of a recording to mean zero and variance one."""

    def call(self, frames):
        centered = frames - ops.mean(frames, axis=1, keepdims=True)
        count = ops.cast(ops.shape(frames)[1], frames.dtype)
        variance = ops.sum(ops.square(centered), axis=1, keepdims=True) / (count - 1.0)
        return centered / ops.sqrt(variance + 1e-3)


@fuzz_target(padding=None)
def build(num_features, num_classes, gru_units):
    """Labels every frame of a recording."""
    frames = keras.Input((None, num_features), name="frames")
    x = Standardize()(frames)
    x = layers.Bidirectional(layers.GRU(gru_units, return_sequences=True))(x)
    return keras.Model(frames, layers.Dense(num_classes, activation="softmax")(x))


BUG = Bug(
    cause="numeric-nonfinite",
    region="source_length == 1",
    minimal=Case(
        dimensions={"units": 2, "feature_dim": 2, "output_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="variance = ops.sum(ops.square(centered), axis=1, keepdims=True) / (count - 1.0)",
)
