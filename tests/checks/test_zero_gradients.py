"""A matrix that never learns is found where its gradient is zero in every run, and only there."""

from __future__ import annotations

import pytest

from fuzzseq import Batch, Case, Pair, check_case

MODEL = """
import keras
from keras import layers, ops


class Decoder(layers.Layer):
    def __init__(self, units, carries, **kwargs):
        super().__init__(**kwargs)
        self.gru, self.carries = layers.GRU(units, return_state=True, name="gru"), carries

    def call(self, y, state):
        outputs = []
        for step in range(4):
            given = {"initial_state": state} if self.carries else {}
            output, state = self.gru(ops.take(y, [step], axis=1), **given)
            outputs.append(output)
        return ops.stack(outputs, axis=1)


def model(vocab_size, units, carries):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((4,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(vocab_size, units, mask_zero=True)(source))
    y = layers.Embedding(vocab_size, units)(target) + ops.expand_dims(state, 1)
    return keras.Model([source, target], layers.Dense(vocab_size)(Decoder(units, carries, name="decoder")(y, state)))


def dropped(vocab_size, units):
    return model(vocab_size, units, False)


def carried(vocab_size, units):
    return model(vocab_size, units, True)
"""


CASE = Case(dimensions={"vocab_size": 7, "units": 2}, batches=(Batch(pairs=(Pair((3, 4, 5), (3, 4, 5)),)),))


def test_a_recurrent_kernel_that_is_given_no_state_is_found(tmp_path):
    """A GRU run on single steps needs its state: https://github.com/tensorflow/tensorflow/issues/38248."""
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf-8")
    check_case(f"{path}:carried", CASE, ["trains"])
    with pytest.raises(AssertionError, match="recurrent_kernel is zero"):
        check_case(f"{path}:dropped", CASE, ["trains"])
