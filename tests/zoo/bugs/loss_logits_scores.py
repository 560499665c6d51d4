"""The loss, named by its string, expects probabilities, and the last layer gives scores of any sign and size."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A compiled LSTM translator that leaves the masking of its loss to Keras."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    _, h, c = layers.LSTM(units, return_state=True)(x)
    y = layers.Embedding(target_vocab_size, embedding_dim, mask_zero=True)(target)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(y))
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return model


BUG = Bug(
    cause="loss-logits",
    check="loss_logits",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")',
)
