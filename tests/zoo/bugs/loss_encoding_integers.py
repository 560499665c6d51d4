import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A compiled GRU translator."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    outputs = layers.Dense(target_vocab_size, activation="softmax")(x)
    model = keras.Model([source, target], outputs)
    model.compile(optimizer="sgd", loss="categorical_crossentropy")
    return model


BUG = Bug(
    cause="loss-encoding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='model.compile(optimizer="sgd", loss="categorical_crossentropy")',
)
