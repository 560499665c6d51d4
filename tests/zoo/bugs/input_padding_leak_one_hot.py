"""One-hot characters, padded before, and nothing masks them: https://github.com/keras-team/keras/issues/3086."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding="pre")
def build(num_encoder_tokens, num_decoder_tokens, units):
    source = keras.Input((None, num_encoder_tokens), name="source")
    target = keras.Input((None, num_decoder_tokens), name="decoder_input")
    state = layers.GRU(units)(source)
    y = layers.GRU(units, return_sequences=True)(layers.Masking()(target), initial_state=state)
    return keras.Model([source, target], layers.Dense(num_decoder_tokens)(y))


BUG = Bug(
    cause="input-padding-leak",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), padding="pre"),),
    ),
    line="state = layers.GRU(units)(source)",
    check="padding_invariant",
)
