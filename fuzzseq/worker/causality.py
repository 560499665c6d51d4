"""A probe of how far ahead the outputs of a model of one sequence look: a hint where that may be a mistake."""

from __future__ import annotations

import inspect
from typing import Final

import numpy as np
import numpy.typing as npt

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.cases.domain import id_range, legal_values
from fuzzseq.cases.transforms import next_id
from fuzzseq.worker.feeding import feed
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.source_constants import names_in
from fuzzseq.worker.variables import every_layer

#: As many steps as show a window of a few from one without an end.
_STEPS: Final = 12
#: The share of later steps that a window may reach; a bidirectional layer reaches all.
_MOST: Final = 0.5
_MOVES: Final = 1e-6
_DECLARE: Final = "where no output may depend on later steps, declare causal=True"


def causal_hint(seen: Inspection) -> Inspection:
    """Note that a model of one sequence is masked causally, or that its outputs see a few later steps and not all."""
    contract = seen.spec.contract
    if (
        contract.kind != "many_to_many"
        or contract.output_steps is not None
        or contract.is_ctc
        or not contract.has_labels
        or "causal" in seen.spec.traits.origins
    ):
        return seen
    calls = (
        getattr(type(layer), "call", layer) for layer in every_layer(seen.model) if not KERAS.is_builtin(type(layer))
    )
    factory = inspect.unwrap(seen.built.target.factory)
    if any("use_causal_mask" in names_in(code) for code in (factory, *calls)):
        return seen.read_off(notes=[f"its attention is causal: {_DECLARE}, to have that checked"])
    # Code of the user's own may do anything for a source of another length: what it is run on is for the run to say.
    ahead = _steps_ahead(seen) if seen.spec.traits.functional else None
    if ahead is None:
        return seen
    later = "the next step" if ahead == 1 else f"up to {ahead} later steps"
    return seen.read_off(notes=[f"its outputs depend on {later} and on none after: {_DECLARE}"])


def _steps_ahead(seen: Inspection) -> int | None:
    """Return how many later steps an output depends on, where those are few; None where it is all, or none."""
    moved = _moved(seen)
    if moved is None:
        return None
    later = np.triu(np.ones_like(moved), 1)
    share = (moved & later).sum() / later.sum()
    if not 0 < share <= _MOST:
        return None
    outputs, steps = np.nonzero(moved & later)
    return int((steps - outputs).max())


def _moved(seen: Inspection) -> npt.NDArray[np.bool_] | None:
    """Return which output (first axis) another id at a step (second axis) moves; None where that cannot be asked."""
    spec, sizes = seen.spec, seen.guess
    lengths = legal_values("source_length", sizes, spec.contract)
    length = max((each for each in lengths if each <= _STEPS), default=0)
    asked = seen.may_call and seen.first.array is not None and seen.built.target.option("preprocess") is None
    fixed = spec.contract.initial_state is not None or spec.contract.fixed()
    if not asked or fixed or length < _STEPS // 2:
        return None
    low, high = id_range("source", sizes, spec.contract)
    ids = tuple(low + step % max(1, high - low) for step in range(length))
    outputs = []
    try:
        for step in range(-1, length):
            changed = (
                (*ids[:step], next_id(ids[step], "source", sizes, spec.contract), *ids[step + 1 :])
                if step >= 0
                else ids
            )
            case = Case(
                dimensions=sizes, batches=(Batch(pairs=(Pair(changed, (spec.contract.lowest_id("target"),)),)),)
            )
            fed = feed(spec, arrays(case, spec.contract), case.dimensions, None)
            outputs.append(np.asarray(seen.built.subject.forward(fed, False).scores)[0].reshape(length, -1))
    except Exception:  # The run reports what a model raises.
        return None
    base, *others = (np.nan_to_num(output) for output in outputs)
    moved = np.stack([np.abs(other - base).max(axis=-1) > _MOVES * max(1.0, np.abs(base).max()) for other in others])
    by_output: npt.NDArray[np.bool_] = moved.T
    return by_output
