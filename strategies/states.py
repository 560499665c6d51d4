"""Initial states of recurrent cells: none, zeros and random ones, for single and stacked layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from fuzzseq.cases.arrays import Array
from fuzzseq.cases.case import StateKind
from fuzzseq.cases.states import state_arrays, state_shapes
from fuzzseq.strategies.arguments import check_choices, check_range
from fuzzseq.targets.contract import CELLS


@attrs.frozen(kw_only=True)
class InitialState:
    """The states that a stack of cells starts from; ``seed`` fixes the values of random ones."""

    kind: StateKind = "none"
    cell: str = "lstm"
    batch_size: int = 1
    units: int = 1
    num_layers: int = 1
    seed: int = 0

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the states, layer after layer; empty where no state is given."""
        if self.kind == "none":
            return []
        return state_shapes(self.cell, batch_size=self.batch_size, units=self.units, num_layers=self.num_layers)

    def arrays(self) -> list[Array]:
        """Return the states as float32 arrays of shape (batch_size, units); the same ones at each call."""
        return state_arrays(self.shapes, self.kind, self.seed)

    def tensors(self) -> list[Any]:
        """Return the states as TensorFlow tensors. Imports TensorFlow."""
        import tensorflow as tf  # noqa: PLC0415 (strategies never load it; who asks for tensors does)

        return [tf.constant(array) for array in self.arrays()]


def initial_states(
    *,
    cells: Sequence[str] = CELLS,
    kinds: Sequence[StateKind] = ("none", "zeros", "random"),
    min_batch_size: int = 1,
    max_batch_size: int = 6,
    min_units: int = 2,
    max_units: int = 16,
    min_layers: int = 1,
    max_layers: int = 3,
) -> st.SearchStrategy[InitialState]:
    """Return a strategy for :class:`InitialState` values of the given cells; ranges are inclusive.

    To fit a given batch and model, give ``min_batch_size`` and ``max_batch_size`` one value, ``min_units`` likewise.
    Shrinks to the first of ``kinds`` and ``cells``, and to small sizes.
    Raises ``InvalidArgument`` for an unknown cell or kind, or an impossible range.
    """
    check_choices("cells", cells, CELLS)
    check_choices("kinds", kinds, ("none", "zeros", "random"))
    check_range(min_batch_size, max_batch_size, "batch_size", 1)
    check_range(min_units, max_units, "units", 1)
    check_range(min_layers, max_layers, "layers", 1)
    return st.builds(
        InitialState,
        kind=st.sampled_from(tuple(kinds)),
        cell=st.sampled_from(tuple(cells)),
        batch_size=st.integers(min_batch_size, max_batch_size),
        units=st.integers(min_units, max_units),
        num_layers=st.integers(min_layers, max_layers),
        seed=st.integers(0, 2**32 - 1),
    )
