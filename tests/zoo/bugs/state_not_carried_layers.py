"""The decoder's upper layer is handed the lower one's last state at the next step."""

import keras
from keras import layers

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


def gru(units):
    return layers.GRU(units, return_sequences=True, return_state=True)


def build(source_vocab, target_vocab, rnn_units):
    """Two layers of GRUs on each side."""
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab, rnn_units, mask_zero=True)(source)
    x, first = gru(rnn_units)(x)
    x, second = gru(rnn_units)(x)
    encoder = keras.Model(source, [first, second])

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    states = [keras.Input((rnn_units,), name=name) for name in ("lower_state", "upper_state")]
    y = layers.Embedding(target_vocab, rnn_units)(tokens)
    y, lower = gru(rnn_units)(y, initial_state=states[0])
    y, _ = gru(rnn_units)(y, initial_state=states[1])
    decoder = keras.Model([tokens, *states], [layers.Dense(target_vocab)(y), lower, lower])
    return EncoderDecoder(encoder, decoder)


BUG = Bug(
    cause="state-not-carried",
    check="stepwise",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="decoder = keras.Model([tokens, *states], [layers.Dense(target_vocab)(y), lower, lower])",
)
