import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, units, num_layers):
    """Stacked LSTMs on both sides, each decoder layer started by its encoder layer."""
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab_size, units, mask_zero=True)(source)
    for _ in range(num_layers):
        x, h, c = layers.LSTM(units, return_sequences=True, return_state=True)(x)
        states = [[h, c]]

    target = keras.Input((None,), dtype="int32", name="target")
    y = layers.Embedding(target_vocab_size, units)(target)
    for layer in range(num_layers):
        y = layers.LSTM(units, return_sequences=True)(y, initial_state=states[layer])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


BUG = Bug(
    cause="state-layers",
    region="num_layers >= 2",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2, "num_layers": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="states = [[h, c]]",
    shown="y = layers.LSTM(units, return_sequences=True)(y, initial_state=states[layer])",
)
