import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Positions(layers.Layer):
    def __init__(self, max_len, width, **kwargs):
        super().__init__(**kwargs)
        self.table = layers.Embedding(max_len - 1, width)

    def call(self, x):
        return x + self.table(ops.arange(ops.shape(x)[1]))


def build(vocab_size, d_model, max_len):
    """An encoder alone over windows of at most ``max_len`` ids."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(vocab_size, d_model)(ids)
    x = Positions(max_len, d_model)(x)
    mask = layers.Lambda(lambda x: ops.not_equal(x, 0))(ids)
    return keras.Model(ids, layers.GRU(d_model)(x, mask=mask))


BUG = Bug(
    cause="input-fixed-length",
    region="source_length >= max_length",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "max_length": 2},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="self.table = layers.Embedding(max_len - 1, width)",
    shown="return x + self.table(ops.arange(ops.shape(x)[1]))",
)
