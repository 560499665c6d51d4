import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A translator that shows the decoder one encoder step for each of its own."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    encoded = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    encoded = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(encoded)
    embedded = layers.Embedding(target_vocab_size, embedding_dim)(target)
    joined = layers.Concatenate()([embedded, encoded])
    decoded = layers.LSTM(units, return_sequences=True)(joined)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))


BUG = Bug(
    cause="decoder-length-assumption",
    region="source_length != target_length",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="joined = layers.Concatenate()([embedded, encoded])",
)
