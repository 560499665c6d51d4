"""The initial states of recurrent cells: which shapes a cell takes, and arrays of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fuzzseq.errors import SpecError, nearest

#: How many states one layer of a cell takes: h and c of an LSTM, h of a GRU; forward before backward.
STATES_PER_LAYER: Final = {"lstm": 2, "gru": 1, "bidirectional-lstm": 4, "bidirectional-gru": 2}


def state_shapes(cell: str, *, batch_size: int, units: int, num_layers: int = 1) -> list[tuple[int, ...]]:
    """Return the shapes of the states that a stack of cells takes, layer after layer, each ``(batch_size, units)``.

    One layer of ``"lstm"`` takes h and c; ``"gru"`` takes h; ``"bidirectional-lstm"`` takes forward h and c, then
    backward h and c; ``"bidirectional-gru"`` takes forward h, then backward h.
    Raises :class:`fuzzseq.errors.SpecError` for another cell.
    """
    if cell not in STATES_PER_LAYER:
        known = ", ".join(map(repr, STATES_PER_LAYER))
        raise SpecError(
            f"The cell {cell!r} has no known states: it is one of {known}.{nearest(cell, STATES_PER_LAYER)}"
        )
    return [(batch_size, units)] * (STATES_PER_LAYER[cell] * num_layers)


def state_arrays(shapes: Sequence[Sequence[int]], kind: str, seed: int) -> list[npt.NDArray[Any]]:
    """Return float32 arrays of the given shapes: ``"zeros"``, ``"random"`` (standard normal), or ``"none"`` at all.

    The values of a state depend on the seed, its place in the list and its shape, and on nothing else.
    """
    if kind == "none":
        return []
    if kind == "zeros":
        return [np.zeros(tuple(shape), dtype=np.float32) for shape in shapes]
    if kind == "random":
        return [random_state(shape, seed, place) for place, shape in enumerate(shapes)]
    raise SpecError(f"The initial state {kind!r} is not understood: it is one of 'none', 'zeros', 'random'.")


def random_state(shape: Sequence[int], seed: int, place: int) -> npt.NDArray[Any]:
    """Return standard normal values for the state at a place, float32."""
    return np.random.default_rng([seed, place]).standard_normal(tuple(shape)).astype(np.float32)
