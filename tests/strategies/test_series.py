"""The strategy of series: what it covers, what it shrinks to, and what its arrays are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis.errors import InvalidArgument

from fuzzseq.strategies import SeriesBatch, series


@given(batch=series(channels=2, pad=-1.0, positive=True))
def test_real_steps_are_values_and_the_others_padding(batch: SeriesBatch) -> None:
    """Arrays hold each row at its real steps and the value of padding elsewhere, float32 (batch, columns, channels)."""
    made = batch.arrays()
    assert made.values.dtype == np.float32
    assert made.values.shape == (len(batch.rows), made.mask.shape[1], 2)
    assert (made.mask.sum(axis=1) == made.lengths).all()
    assert (made.values[made.mask] > 0).all()
    assert (made.values[~made.mask] == -1.0).all()


def test_shrinks_to_one_zero() -> None:
    """The smallest batch is one row of one step, and its value is zero."""
    assert find(series(), lambda _: True) == SeriesBatch(rows=(((0.0,),),))


@pytest.mark.parametrize(
    "feature",
    [
        lambda batch: any(len(row) > 2 and len(set(row)) == 1 for row in batch.rows),
        lambda batch: any(step[0] < 0 for row in batch.rows for step in row),
        lambda batch: any(abs(step[0]) > 100 for row in batch.rows for step in row),
        lambda batch: any(len(set(row)) < len(row) for row in batch.rows),
        lambda batch: batch.extra > 0 and len({len(row) for row in batch.rows}) > 1,
    ],
    ids=["a constant row", "a value below zero", "a large value", "ties", "ragged rows with padding to spare"],
)
def test_covers(feature) -> None:
    """Constant rows, both signs, several scales, ties and padding are all drawn."""
    find(series(), feature)


def test_refuses_a_scale_of_nothing() -> None:
    """An impossible argument is refused with its value."""
    with pytest.raises(InvalidArgument, match=r"scales=\(0\.0,\)"):
        series(scales=(0.0,))
