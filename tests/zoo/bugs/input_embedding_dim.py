import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU translator with a shortcut around its encoder."""
    source = keras.Input((None,), dtype="int32", name="source")
    embedded = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    sequence = layers.GRU(units, return_sequences=True)(embedded)
    sequence = layers.Add()([sequence, embedded])
    state = layers.GRU(units)(sequence)

    target = keras.Input((None,), dtype="int32", name="target")
    decoded = layers.Embedding(target_vocab_size, embedding_dim)(target)
    decoded = layers.GRU(units, return_sequences=True)(decoded, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))


BUG = Bug(
    cause="input-embedding-dim",
    region="embedding_dim != units",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 3},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="sequence = layers.Add()([sequence, embedded])",
)
