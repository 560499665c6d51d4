"""The decoder returns the state that it was given: each step starts from the encoder's, and knows one token only."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A GRU encoder and a GRU decoder with attention over what the encoder read."""
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab_size, embedding_dim)(source)
    gru = layers.GRU(units, return_sequences=True, return_state=True)
    encoder = keras.Model(source, gru(x, mask=ops.not_equal(source, 0)))

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    hidden = keras.Input((units,), name="hidden")
    memory = keras.Input((None, units), name="encoder_outputs")
    real = keras.Input((None,), dtype="bool", name="source_mask")
    y = layers.Embedding(target_vocab_size, embedding_dim)(tokens)
    y, _ = layers.GRU(units, return_sequences=True, return_state=True)(y, initial_state=hidden)
    context = layers.Attention()([y, memory], mask=[None, real])
    scores = layers.Dense(target_vocab_size)(layers.Concatenate()([y, context]))
    decoder = keras.Model([tokens, hidden, memory, real], [scores, hidden])
    return EncoderDecoder(encoder, decoder)


BUG = Bug(
    cause="state-not-carried",
    check="stepwise",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="y, _ = layers.GRU(units, return_sequences=True, return_state=True)(y, initial_state=hidden)",
)
