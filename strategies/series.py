"""Series: rows of values of unequal length with their padding, which turn into arrays last of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq.cases.arrays import Array, ArrayFields, real_positions
from fuzzseq.strategies.arguments import check_choices, check_integer, check_range
from fuzzseq.targets.contract import Padding

#: Values lie this far apart, at a scale of one: two draws are often equal.
_APART: Final = 1 / 16


@attrs.frozen(kw_only=True)
class PaddedSeries(ArrayFields):
    """Series as numpy arrays.

    ``values`` is float32 (batch, columns, channels), ``mask`` bool (batch, columns) and true at real steps, ``lengths``
    int32 (batch,).
    """

    values: Array
    mask: Array
    lengths: Array


@attrs.frozen(kw_only=True)
class SeriesBatch:
    """Rows of a batch, each a tuple of steps, each of these a tuple of its channels; and how they are padded.

    ``extra`` counts columns of padding beyond the longest row, ``pad`` is the value that stands at padding.
    """

    rows: tuple[tuple[tuple[float, ...], ...], ...]
    channels: int = 1
    padding: Padding = "post"
    extra: int = 0
    pad: float = 0.0

    def arrays(self) -> PaddedSeries:
        """Return the padded values, the mask and the lengths."""
        lengths = [len(row) for row in self.rows]
        mask = real_positions(lengths, max(lengths, default=0) + self.extra, self.padding)
        values = np.full((*mask.shape, self.channels), self.pad, dtype=np.float32)
        values[mask] = np.asarray([step for row in self.rows for step in row], np.float32).reshape(-1, self.channels)
        return PaddedSeries(values=values, mask=mask, lengths=np.asarray(lengths, dtype=np.int32))

    def tensors(self) -> dict[str, Any]:
        """Return the arrays as TensorFlow tensors, by name. Imports TensorFlow."""
        return self.arrays().tensors()


def series(
    *,
    min_size: int = 1,
    max_size: int = 6,
    min_steps: int = 1,
    max_steps: int = 12,
    channels: int = 1,
    scales: Sequence[float] = (1.0, 100.0, 0.01),
    positive: bool = False,
    max_extra: int = 3,
    paddings: Sequence[Padding] = ("post", "pre"),
    pad: float = 0.0,
) -> st.SearchStrategy[SeriesBatch]:
    """Return a strategy for :class:`SeriesBatch` of ``min_size`` to ``max_size`` rows of ``channels`` values.

    Values lie within 16 times one of ``scales``, above zero where they are ``positive``; equal ones are frequent, and
    some rows are constant. ``max_extra`` bounds the columns of padding that no row needs. Shrinks to few short rows of
    small values at the first of ``scales``, padded as the first of ``paddings`` says, with no extra padding.
    Raises ``InvalidArgument`` for an impossible range, scale or side.
    """
    check_range(min_size, max_size, "size", 0)
    check_range(min_steps, max_steps, "steps", 0)
    check_integer("channels", channels, 1)
    check_integer("max_extra", max_extra, 0)
    check_choices("paddings", paddings, ("post", "pre"))
    if not scales or not all(np.isfinite(scale) and scale > 0 for scale in scales):
        raise InvalidArgument(f"Invalid scales={scales!r}: they are finite numbers above zero")

    def row(drawn: tuple[bytes, bool], scale: float) -> tuple[tuple[float, ...], ...]:
        raw, constant = drawn
        count = len(raw) // channels
        flat = [_value(byte, scale, positive) for byte in (raw[:channels] * count if constant else raw)]
        return tuple(tuple(flat[step * channels : (step + 1) * channels]) for step in range(count))

    def batch(drawn: tuple[list[tuple[bytes, bool]], float, Padding, int]) -> SeriesBatch:
        rows, scale, padding, extra = drawn
        values = tuple(row(each, scale) for each in rows)
        return SeriesBatch(rows=values, channels=channels, padding=padding, extra=extra, pad=pad)

    bytes_ = st.binary(min_size=min_steps * channels, max_size=max_steps * channels)
    rows = st.lists(st.tuples(bytes_, st.booleans()), min_size=min_size, max_size=max_size)
    chosen = st.sampled_from(tuple(scales)), st.sampled_from(tuple(paddings)), st.integers(0, max_extra)
    return st.tuples(rows, *chosen).map(batch)


def _value(byte: int, scale: float, positive: bool) -> float:
    """Return the value of a byte: smaller bytes are closer to zero, and every other one lies below."""
    if positive:
        return scale * _APART * (byte + 1)
    return scale * _APART * ((byte + 1) // 2) * (1 if byte % 2 else -1)
