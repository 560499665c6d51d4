import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A translator whose encoder was changed to a GRU."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(encoder_inputs)
    _, *encoder_states = layers.GRU(units, return_state=True)(x)
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    x = layers.Embedding(target_vocab_size, embedding_dim)(decoder_inputs)
    x = layers.LSTM(units, return_sequences=True)(x, initial_state=encoder_states)
    outputs = layers.Dense(target_vocab_size, activation="softmax")(x)
    return keras.Model([encoder_inputs, decoder_inputs], outputs)


BUG = Bug(
    cause="state-count",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = layers.LSTM(units, return_sequences=True)(x, initial_state=encoder_states)",
)
