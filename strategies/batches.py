"""Ragged batches: rows of unequal length with their padding, which turn into arrays last of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from fuzzseq.cases.arrays import Array, ArrayFields, padded, real_positions
from fuzzseq.cases.case import Pair
from fuzzseq.strategies.arguments import check_choices, check_integer, check_range
from fuzzseq.strategies.rows import pairs
from fuzzseq.targets.contract import SIDES, Padding


@attrs.frozen(kw_only=True)
class PaddedPairs(ArrayFields):
    """A ragged batch as numpy arrays.

    ``source`` and ``target`` are int32 of shape (batch, columns), ``*_mask`` bool of the same shape and true at real
    positions, ``*_length`` int32 of shape (batch,).
    """

    source: Array
    source_mask: Array
    source_length: Array
    target: Array
    target_mask: Array
    target_length: Array


@attrs.frozen(kw_only=True)
class RaggedBatch:
    """Rows of a batch, and how they are padded: ``extra_*`` are columns of padding beyond the longest row."""

    pairs: tuple[Pair, ...]
    padding: Padding = "post"
    extra_source: int = 0
    extra_target: int = 0
    pad: int = 0

    @property
    def source(self) -> list[tuple[int, ...]]:
        """The source rows, without padding."""
        return [pair.source for pair in self.pairs]

    @property
    def target(self) -> list[tuple[int, ...]]:
        """The target rows, without padding."""
        return [pair.target for pair in self.pairs]

    def arrays(self) -> PaddedPairs:
        """Return the padded ids, masks and lengths of both sides."""
        sides: dict[str, Array] = {}
        for side, rows in zip(SIDES, (self.source, self.target), strict=True):
            lengths = [len(row) for row in rows]
            columns = max(lengths, default=0) + getattr(self, f"extra_{side}")
            sides[side] = padded(rows, columns, self.pad, self.padding)
            sides[f"{side}_mask"] = real_positions(lengths, columns, self.padding)
            sides[f"{side}_length"] = sides[f"{side}_mask"].sum(axis=1, dtype="int32")
        return PaddedPairs(**sides)

    def tensors(self) -> dict[str, Any]:
        """Return the arrays as TensorFlow tensors, by name. Imports TensorFlow."""
        return self.arrays().tensors()


def ragged_batches(
    elements: st.SearchStrategy[Pair] | None = None,
    *,
    min_size: int = 1,
    max_size: int = 6,
    max_extra: int = 3,
    paddings: Sequence[Padding] = ("post", "pre"),
    pad: int = 0,
) -> st.SearchStrategy[RaggedBatch]:
    """Return a strategy for :class:`RaggedBatch` values of ``min_size`` to ``max_size`` rows.

    ``elements`` are its rows, :func:`pairs` by default; rows of one batch are sometimes cut to equal lengths.
    ``max_extra`` bounds the columns of padding that no row needs. ``paddings`` are the sides to pad on.
    Shrinks to few short rows, ragged before equal, padded as the first of ``paddings`` says, with no extra padding.
    Raises ``InvalidArgument`` for an impossible range or an unknown side.
    """
    check_range(min_size, max_size, "size", 0)
    check_integer("max_extra", max_extra, 0)
    check_integer("pad", pad, 0)
    check_choices("paddings", paddings, ("post", "pre"))

    def batch(drawn: tuple[list[Pair], bool, Padding, int, int]) -> RaggedBatch:
        rows, equal, padding, extra_source, extra_target = drawn
        if equal:
            source, target = (min((len(getattr(row, side)) for row in rows), default=0) for side in SIDES)
            rows = [Pair(source=row.source[:source], target=row.target[:target]) for row in rows]
        return RaggedBatch(
            pairs=tuple(rows), padding=padding, extra_source=extra_source, extra_target=extra_target, pad=pad
        )

    extras = st.integers(0, max_extra)
    rows = st.lists(pairs() if elements is None else elements, min_size=min_size, max_size=max_size)
    return st.tuples(rows, st.booleans(), st.sampled_from(tuple(paddings)), extras, extras).map(batch)
