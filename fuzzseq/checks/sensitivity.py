"""An input that ought to matter and does not: what ``uses_source`` and ``state_used`` are made of.

An output that stays exactly as it was under one draw of the weights may be a rectifier that is off for every unit, or a
gate that is shut: it counts when it stays so under three more draws, and in a wider model. What is two wide may lose
almost everything in any draw: a LayerNormalization leaves one bit of two features.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import widened
from fuzzseq.checks.base import Array, Plan, Results
from fuzzseq.checks.differential import tolerance
from fuzzseq.protocol.runs import Confirming, Run, RunKey, eagerly
from fuzzseq.targets.spec import Spec

_DRAWS: Final = (1, 2, 3)
#: As many rows and steps as show that an output is constant.
_FEW: Final = 4


def same(results: Results, one: RunKey, two: RunKey) -> bool | None:
    """Say whether two runs gave the very same output, which NaN never is; None where one is missing or raised.

    So they did where both are one constant, but for rounding, over all rows and steps.
    """
    if any(key not in results or results[key].raised for key in (one, two)):
        return None
    first, second = results[one].last.output, results[two].last.output
    if first is None or second is None or first.shape != second.shape:
        return False
    return np.array_equal(first, second) or is_constant(np.concatenate([first, second]))


def is_constant(output: Array) -> bool:
    """Say whether an output is the same for all rows and steps, but for rounding."""
    if output.ndim < 3 or output.shape[0] * output.shape[1] < _FEW or not np.isfinite(output).all():
        return False
    wide = np.asarray(output, np.float64).reshape(-1, output.shape[-1])
    return bool(np.ptp(wide, axis=0).max() <= tolerance(output.dtype) * np.abs(wide).max())


def with_other_weights(plan: Plan) -> dict[RunKey, Run]:
    """Return the runs of a plan under other draws of the weights."""
    return {
        Confirming(name, "reweighted", draw): attrs.evolve(run, weights=draw)
        for name, run in plan.items()
        for draw in _DRAWS
    }


def in_wider_model(plan: Plan, case: Case, spec: Spec) -> dict[RunKey, Run]:
    """Return the runs of a plan in a wider model; none where no width can be more."""
    wide = widened(case, spec.contract)
    sizes = tuple(sorted(wide.dimensions.items())) if wide else ()
    return {
        Confirming(name, "wide"): attrs.evolve(eagerly(run), dimensions=sizes) for name, run in plan.items() if sizes
    }


def stays(results: Results, one: str, two: str) -> bool:
    """Say whether two runs agree to the last bit under every draw of the weights, and do so in a wider model."""
    draws = [(Confirming(one, "reweighted", draw), Confirming(two, "reweighted", draw)) for draw in _DRAWS]
    pairs: list[tuple[RunKey, RunKey]] = [(one, two), *(pair for pair in draws if pair[0] in results)]
    wide = same(results, Confirming(one, "wide"), Confirming(two, "wide"))
    return all(same(results, *pair) for pair in pairs) and wide is not False
