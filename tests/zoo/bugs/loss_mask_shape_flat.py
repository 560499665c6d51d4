"""Sample weights that are flattened on their way: https://github.com/keras-team/keras/issues/1537."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def weights(labels):
    return (labels != 0).astype("float32").reshape(-1)


@fuzz_target(sample_weight=weights)
def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    embedded = layers.Embedding(target_vocab_size, units)(target)
    decoded = layers.GRU(units, return_sequences=True)(embedded, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


BUG = Bug(
    cause="loss-mask-shape",
    region="batch_size > 1 and target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), (3,)))),),
    ),
    line='return (labels != 0).astype("float32").reshape(-1)',
    shown='model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
)
