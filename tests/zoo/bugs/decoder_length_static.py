import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, hidden_units, max_source_len, max_target_len):
    """A translator for windows of fixed length, with a dot-product alignment between the sides."""
    source = keras.Input((max_source_len,), dtype="int32", name="source")
    target = keras.Input((max_target_len,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, hidden_units)(source)
    x = layers.LSTM(hidden_units, return_sequences=True)(x)
    y = layers.Embedding(target_vocab_size, hidden_units)(target)
    y = layers.LSTM(hidden_units, return_sequences=True)(y)
    aligned = layers.Multiply()([x, y])
    return keras.Model([source, target], layers.Dense(target_vocab_size, activation="softmax")(aligned))


BUG = Bug(
    cause="decoder-length-assumption",
    region="max_source_length != max_target_length",
    minimal=Case(
        dimensions={
            "source_vocab_size": 5,
            "target_vocab_size": 5,
            "units": 2,
            "max_source_length": 2,
            "max_target_length": 3,
        },
        batches=(Batch(pairs=(Pair((3, 3), (3, 3)),)),),
    ),
    line="aligned = layers.Multiply()([x, y])",
)
