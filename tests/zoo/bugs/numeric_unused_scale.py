import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class RootMeanSquareNorm(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x):
        return x / ops.sqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-6)


def build(source_vocab_size, target_vocab_size, units, num_layers):
    """A stacked GRU decoder, normalized after every layer."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, units)(target)
    for _ in range(num_layers):
        x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    x = RootMeanSquareNorm(name="output_norm")(x)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))


BUG = Bug(
    cause="numeric-no-gradient",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_layers": 1},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return x / ops.sqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-6)",
)
