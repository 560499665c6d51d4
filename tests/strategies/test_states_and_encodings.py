"""`initial_states`, `target_encodings` and `vocab_sizes`: coverage, shrinking and arrays."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis.errors import InvalidArgument

from fuzzseq import Tokens
from fuzzseq.cases.states import STATES_PER_LAYER, state_arrays, state_shapes
from fuzzseq.errors import SpecError
from fuzzseq.strategies import InitialState, TargetEncoding, initial_states, target_encodings, vocab_sizes
from fuzzseq.targets.contract import CELLS


@pytest.mark.parametrize("kind", ["none", "zeros", "random"])
@pytest.mark.parametrize("cell", CELLS)
def test_initial_states_cover(find_any, kind, cell):
    """Each kind of state is found for each cell, in one layer and in a stack of three."""
    for layers in (1, 3):
        find_any(initial_states(), lambda s, n=layers: (s.kind, s.cell, s.num_layers) == (kind, cell, n))


def test_an_initial_state_shrinks_to_none(minimal):
    """The smallest state is none; a random one is that of one row, the first cell and one layer, of seed 0."""
    smallest = InitialState(kind="none", cell="lstm", batch_size=1, units=2, num_layers=1, seed=0)
    assert minimal(initial_states()) == smallest
    assert minimal(initial_states(), lambda s: s.kind == "random" and s.cell == "gru") == InitialState(
        kind="random", cell="gru", batch_size=1, units=2, num_layers=1, seed=0
    )
    assert minimal(initial_states(min_units=1), lambda s: s.shapes and s.num_layers > 1) == InitialState(
        kind="zeros", cell="lstm", batch_size=1, units=1, num_layers=2, seed=0
    )


@given(initial_states(min_batch_size=3, max_batch_size=3, min_units=5, max_units=8, max_layers=2))
def test_an_initial_state_keeps_its_arguments_and_its_values(state):
    """Arrays are float32 of the shapes of the cell, and the same ones at each call."""
    arrays = state.arrays()
    assert [array.shape for array in arrays] == state.shapes
    assert all(array.dtype == np.float32 and array.shape[0] == 3 and 5 <= array.shape[1] <= 8 for array in arrays)
    assert all((one == other).all() for one, other in zip(arrays, state.arrays(), strict=True))
    assert len(arrays) == (0 if state.kind == "none" else STATES_PER_LAYER[state.cell] * state.num_layers)
    assert all(array.any() == (state.kind == "random") for array in arrays)


def test_state_shapes_follow_the_layers():
    """An LSTM takes two states a layer, a GRU one, a bidirectional cell twice that; every cell is known."""
    assert state_shapes("lstm", batch_size=2, units=3) == [(2, 3), (2, 3)]
    assert state_shapes("gru", batch_size=2, units=3, num_layers=3) == [(2, 3)] * 3
    assert state_shapes("bidirectional-lstm", batch_size=2, units=3, num_layers=2) == [(2, 3)] * 8
    assert state_shapes("bidirectional-gru", batch_size=2, units=3) == [(2, 3)] * 2
    assert set(STATES_PER_LAYER) == set(CELLS)


def test_random_states_depend_on_seed_and_place_only():
    """States of one list differ, another seed gives others, and a longer list starts with the same ones."""
    first, second = state_arrays([(2, 3), (2, 3)], "random", 7)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, state_arrays([(2, 3)], "random", 8)[0])
    assert np.array_equal(first, state_arrays([(2, 3)], "random", 7)[0])
    assert abs(float(state_arrays([(100, 100)], "random", 0)[0].std()) - 1) < 0.05


def test_unknown_cells_and_kinds_are_refused():
    """A cell or a kind of state that nobody knows is one clear sentence, with the nearest name."""
    with pytest.raises(SpecError, match=r"'lstmm'.*Did you mean 'lstm'\?"):
        state_shapes("lstmm", batch_size=1, units=1)
    with pytest.raises(SpecError, match="'ones'"):
        state_arrays([(1, 1)], "ones", 0)


def test_vocab_sizes_cover_the_minimum_and_unequal_sides(find_any, minimal, sample):
    """The minimum on each side, the maximum, equal sizes, and mostly unequal ones; shrinks to the minimum."""
    for holds in (
        lambda s: s[0] == 5 != s[1],
        lambda s: s[1] == 5 != s[0],
        lambda s: s[0] == 16,
        lambda s: s[0] < s[1],
        lambda s: s[0] == s[1],
    ):
        find_any(vocab_sizes(), holds)
    drawn = sample(vocab_sizes(max_size=40))
    assert sum(source != target for source, target in drawn) > len(drawn) * 0.75
    assert minimal(vocab_sizes()) == (5, 5)
    assert minimal(vocab_sizes(min_size=8), lambda s: s[0] != s[1]) in [(8, 9), (9, 8)]


def test_target_encodings_cover_and_shrink(find_any, minimal):
    """Integer, one-hot and smoothed labels are found; the smallest is integer, or the first that is asked for."""
    for encoding in ("sparse", "one_hot", "smoothed_one_hot"):
        find_any(target_encodings(), lambda e, wanted=encoding: e.encoding == wanted)
    assert minimal(target_encodings()) == TargetEncoding(encoding="sparse")
    assert minimal(target_encodings(encodings=("smoothed_one_hot", "one_hot"))).encoding == "smoothed_one_hot"


ROWS = [(3, 4), (5,)]


def test_labels_are_one_step_ahead():
    """Decoder input is start + row, labels are row + end, padded alike; lengths count decoder steps."""
    made = TargetEncoding().arrays(ROWS, vocab_size=6, extra=1)
    assert made.decoder_input.tolist() == [[1, 3, 4, 0], [1, 5, 0, 0]]
    assert made.labels.tolist() == [[3, 4, 2, 0], [5, 2, 0, 0]]
    assert made.mask.tolist() == [[True, True, True, False], [True, True, False, False]]
    assert made.lengths.tolist() == [3, 2]
    bare = TargetEncoding(tokens=Tokens(start=None, end=None)).arrays(ROWS, vocab_size=6, padding="pre")
    assert bare.decoder_input.tolist() == [[3], [0]]
    assert bare.labels.tolist() == [[4], [0]]


@given(target_encodings())
def test_encodings_agree_on_the_labels(encoding):
    """Whatever the encoding, the most likely class is the integer label, and each step's shares sum to one."""
    labels = encoding.arrays(ROWS, vocab_size=6).labels
    sparse = TargetEncoding().arrays(ROWS, vocab_size=6).labels
    if encoding.encoding == "sparse":
        assert labels.dtype == np.int32
        assert labels.shape == (2, 3)
        return
    assert (labels.argmax(axis=-1) == sparse).all()
    assert np.allclose(labels.sum(axis=-1), 1.0)
    assert labels.dtype == np.float32
    assert (labels == 0).any() == (encoding.encoding == "one_hot")


def test_a_label_outside_the_vocabulary_is_refused():
    """A label that is no row of the vocabulary raises, since one-hot rows of it would be silent zeros."""
    with pytest.raises(ValueError, match="vocab_size=5"):
        TargetEncoding(encoding="one_hot").arrays(ROWS, vocab_size=5)


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: initial_states(cells=("rnn",)), "cells=('rnn',)"),
        (lambda: initial_states(kinds=("ones",)), "kinds=('ones',)"),
        (lambda: initial_states(min_units=0), "min_units=0"),
        (lambda: initial_states(min_layers=4), "max_layers=3 < min_layers=4"),
        (lambda: initial_states(max_batch_size=None), "max_batch_size=None"),
        (lambda: vocab_sizes(min_size=17), "max_size=16 < min_size=17"),
        (lambda: vocab_sizes(min_size=0), "min_size=0"),
        (lambda: target_encodings(encodings=("int",)), "encodings=('int',)"),
        (lambda: target_encodings(tokens={"pad": 0}), "tokens={'pad': 0}"),
    ],
)
def test_impossible_arguments_are_refused(make, shown):
    """An argument that cannot hold raises InvalidArgument, which shows its value."""
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert shown in str(caught.value)


_DRAWING = """
import sys
from hypothesis import find
from fuzzseq import Contract
from fuzzseq.strategies import *
for strategy in (cases(Contract()), ragged_batches(), initial_states(), vocab_sizes(), target_encodings()):
    find(strategy, lambda value: True)
assert not [name for name in ("tensorflow", "keras") if name in sys.modules]
"""
_CONVERTING = """
import tensorflow as tf
from fuzzseq import Pair
from fuzzseq.strategies import InitialState, RaggedBatch, TargetEncoding
batch = RaggedBatch(pairs=(Pair((3, 4), (5,)),)).tensors()
assert batch["source"].shape == (1, 2) and batch["source"].dtype == "int32" and batch["target_mask"].dtype == "bool"
state = InitialState(kind="random", units=3).tensors()
assert [tensor.shape for tensor in state] == [(1, 3), (1, 3)] and state[0].dtype == "float32"
labels = TargetEncoding(encoding="one_hot").tensors([(3,)], vocab_size=4)["labels"]
assert labels.shape == (1, 2, 4) and labels.dtype == "float32"
assert all(tf.is_tensor(value) for value in (*batch.values(), *state, labels))
"""


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_strategies_never_load_tensorflow():
    """Every strategy is drawn from, and shrunk, in a process that has not loaded TensorFlow."""
    _run(_DRAWING)


def test_values_become_tensors():
    """Each value object turns into TensorFlow tensors of the shapes and types of its arrays."""
    _run(_CONVERTING)
