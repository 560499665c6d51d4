"""The running mean of the decoder's outputs covers one call: step by step it is the mean of one step."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, EncoderDecoder, Pair
from tests.zoo.bug import Bug


class RunningMean(layers.Layer):
    """The average of all steps so far, after Zhang et al. (2018)."""

    def call(self, x):
        count = ops.cast(ops.arange(1, ops.shape(x)[1] + 1), x.dtype)
        return ops.cumsum(x, axis=1) / count[:, None]


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """An LSTM encoder and an LSTM decoder that averages its past."""
    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    encoder = keras.Model(source, layers.LSTM(units, return_state=True)(x)[1:])

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    states = [keras.Input((units,), name=name) for name in ("state_h", "state_c")]
    y = layers.Embedding(target_vocab_size, embedding_dim)(tokens)
    y, *last = layers.LSTM(units, return_sequences=True, return_state=True)(y, initial_state=states)
    y = layers.Concatenate()([y, RunningMean()(y)])
    decoder = keras.Model([tokens, *states], [layers.Dense(target_vocab_size)(y), *last])
    return EncoderDecoder(encoder, decoder)


BUG = Bug(
    cause="decoder-step-mismatch",
    check="stepwise",
    region="target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="return ops.cumsum(x, axis=1) / count[:, None]",
)
