"""The lengths of the recordings keep the attention off the padding; the listener itself reads on through it."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class RealFrames(layers.Layer):
    def call(self, frames, lengths):
        return ops.arange(ops.shape(frames)[1])[None, :] < lengths[:, None]


def build(num_features, tgt_vocab_size, units):
    """Listen, attend and spell."""
    frames = keras.Input((None, num_features), name="frames")
    lengths = keras.Input((), dtype="int32", name="frame_lengths")
    target = keras.Input((None,), dtype="int32", name="target")
    real = RealFrames()(frames, lengths)
    heard, state = layers.GRU(units, return_sequences=True, return_state=True)(frames)
    y = layers.Embedding(tgt_vocab_size, units)(target)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    context = layers.Attention()([y, heard], mask=[None, real])
    return keras.Model([frames, lengths, target], layers.Dense(tgt_vocab_size)(layers.Concatenate()([y, context])))


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"target_vocab_size": 5, "units": 2, "feature_dim": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="heard, state = layers.GRU(units, return_sequences=True, return_state=True)(frames)",
)
