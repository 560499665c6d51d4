"""Unknown words are moved past the table: https://github.com/tensorflow/tensorflow/issues/23465."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

UNKNOWN = 1


class Unknown(layers.Layer):
    """Gives unknown words the first id that no word has."""

    def __init__(self, words, **kwargs):
        super().__init__(**kwargs)
        self.words = words

    def call(self, tokens):
        return ops.where(ops.equal(tokens, UNKNOWN), self.words, tokens)


@fuzz_target(tokens={"pad": 0, "unk": UNKNOWN, "start": 2, "end": 3})
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    known = Unknown(source_vocab_size)(source)
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(known))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))


BUG = Bug(
    cause="input-vocabulary",
    region="min_source_id == 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((1,), ()),)),),
    ),
    line="return ops.where(ops.equal(tokens, UNKNOWN), self.words, tokens)",
    shown="state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(known))",
)
