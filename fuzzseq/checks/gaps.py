"""How far two arrays differ: by the checks, and by the scripts that this is pasted into."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def gaps(one: npt.NDArray[Any], two: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], float]:
    """Return how far two arrays differ at each place, and how large the first one's values are.

    The second is one at least. Values that are not finite are equal, and differ without end from
    those that are.
    """
    first, second = np.asarray(one, np.float64), np.asarray(two, np.float64)
    finite = np.isfinite(first) & np.isfinite(second)
    gap = np.where(finite, np.abs(np.where(finite, first, 0) - np.where(finite, second, 0)), 0.0)
    gap = np.where(np.isfinite(first) != np.isfinite(second), np.inf, gap)
    return gap, max(1.0, float(np.abs(first[finite]).max(initial=0.0)))
