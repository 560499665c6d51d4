"""Attention weighs the padding of a source whose width the factory is called with: no batch is ever wider."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, units, max_source_length, max_target_length):
    source = keras.Input((max_source_length,), dtype="int32", name="source")
    target = keras.Input((max_target_length,), dtype="int32", name="decoder_input")
    encoded = layers.Embedding(source_vocab_size, units)(source)
    decoded = layers.Embedding(target_vocab_size, units)(target)
    weights = layers.Softmax(name="attention")(layers.Dot(axes=[2, 2])([decoded, encoded]))
    context = layers.Dot(axes=[2, 1])([weights, encoded])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(layers.Concatenate()([decoded, context])))


BUG = Bug(
    cause="decoder-attention-mask",
    check="attention_normalized",
    region="source_length > 1",
    minimal=Case(
        dimensions={
            "source_vocab_size": 5,
            "target_vocab_size": 5,
            "units": 2,
            "max_source_length": 3,
            "max_target_length": 2,
        },
        batches=(Batch(pairs=(Pair((3, 3), (3,)),), extra_source=1),),
    ),
    line='weights = layers.Softmax(name="attention")(layers.Dot(axes=[2, 2])([decoded, encoded]))',
)
