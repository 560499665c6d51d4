"""Probes of the output of a model of one sequence that has other steps than its source, and of the labels of CTC."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

import attrs
import numpy as np

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.cases.domain import legal_values
from fuzzseq.errors import SpecError
from fuzzseq.targets.dimensions import dimension_of
from fuzzseq.targets.steps import OutputSteps, StepRatio, fitted, read
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import feed
from fuzzseq.worker.first_look import look
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function
from fuzzseq.worker.series_probes import following
from fuzzseq.worker.source_constants import names_in

#: The lengths of sources that show what the steps of an output follow.
_LENGTHS: Final[tuple[int, ...]] = (3, 4, 5, 6, 7, 8, 9, 12)
#: What code of CTC names.
_OF_CTC: Final = frozenset({"ctc_loss", "ctc_batch_cost", "ctc"})


def ctc(seen: Inspection) -> Inspection:
    """Read off its loss whether a model learns by CTC; where code of the user's only names it, a note says so."""
    contract, origins = seen.spec.contract, seen.spec.traits.origins
    loss = seen.built.target.option("loss") or KERAS.compiled_loss(seen.model)
    if "labels" in origins or contract.kind not in ("encoder", "many_to_many"):
        of_ctc = contract.labels == "ctc"
    else:
        of_ctc = KERAS.is_ctc(seen.model, loss)
        steps = (getattr(type(seen.model), name, None) for name in ("train_step", "compute_loss"))
        own: tuple[Any, ...] = (loss, getattr(type(loss), "call", None), *steps)
        named = any(_OF_CTC & names_in(code) for code in own if callable(code) and not KERAS.is_builtin(code))
        if named and not of_ctc:
            note = "its code names CTC: where labels have a length of their own, declare labels='ctc'"
            return seen.read_off(notes=[note])
    if not of_ctc:
        return seen
    tokens = contract.tokens if contract.tokens.blank is not None else attrs.evolve(contract.tokens, blank=0)
    kind = {"kind": "many_to_many"} if origins.get("kind") != "declared" else {}
    inferred = [] if "labels" in origins else ["labels"]
    note = "labels are those of CTC, of lengths of their own, and class 0 is its blank"
    return seen.read_off(
        contract={"labels": "ctc", "tokens": tokens, **kind}, inferred=inferred, notes=[note] if inferred else ()
    )


def declared_steps(seen: Inspection) -> Inspection:
    """Read what a declared function of dimensions says of the steps of the output."""
    declared, name = seen.built.target.option("output_steps"), seen.built.target.name
    if declared is None:
        return seen
    contract, value = seen.spec.contract, declared
    known = contract.build_dimensions()
    if callable(declared):
        value = _steps_by_function(seen, declared)
    elif isinstance(declared, str):
        value = dimension_of(declared) or declared
    if isinstance(value, str) and value not in known:
        raise SpecError(
            f"output_steps of {name} names {value!r}, which is no dimension of its factory: it has {', '.join(known)}."
        )
    kind = {"kind": "many_to_many"} if contract.kind == "encoder" else {}
    return seen.read_off(contract={"output_steps": value, **kind})


def _steps_by_function(seen: Inspection, function: Function) -> int | StepRatio:
    names = tuple(inspect.signature(function).parameters)
    name, known = seen.built.target.name, ("source_length", *seen.spec.contract.build_dimensions())
    strange = [each for each in names if each not in known]
    if strange:
        raise SpecError(f"output_steps of {name} takes {strange[0]!r}: it takes some of {', '.join(known)}.")
    try:
        found = [read(function, sizes, names) for sizes in (seen.sizes, *seen.other_sizes)]
    except Exception as error:  # whatever a function of the user's raises
        raise SpecError(f"output_steps of {name} raises for sizes that its model is built with: {error}.") from None
    if found[0] is None or found.count(found[0]) < len(found):
        raise SpecError(
            f"output_steps of {name} is neither a number nor what a stride leaves of source_length, in all sizes of "
            'its model: name the dimension, output_steps="horizon", or skip the checks of its output.'
        )
    return found[0]


def inferred_steps(seen: Inspection) -> Inspection:
    """Read how many steps the output has off calls with sources of several lengths, where labels do not say."""
    contract, output = seen.spec.contract, seen.first.array
    asked = contract.float_labels or contract.is_ctc
    if not asked or contract.has_target or output is None or output.ndim < 2 or contract.output_steps is not None:
        return seen
    if seen.built.target.option("preprocess") is not None:
        return seen
    if contract.fixed():
        return _steps_of_window(seen, int(output.shape[1])) if "source_length" in contract.fixed() else seen
    lengths = [n for n in _LENGTHS if n in legal_values("source_length", seen.guess, contract)]
    steps = {n: count for n in lengths if (count := _steps(seen.built, seen, n)) is not None}
    if len(steps) < 2 or all(steps[n] == n for n in steps):
        return seen
    found = fitted(steps)
    if found is None or (isinstance(found, StepRatio) and found.divisor == 1):
        return seen  # A step too many or too few is a mistake.
    value: OutputSteps = found
    if isinstance(found, int):

        def steps_in(built: ModelInstance, sizes: Mapping[str, int]) -> int | None:
            return _steps(built, attrs.evolve(seen, sizes=sizes), lengths[0])

        value = following(seen, found, steps_in)
    note = f"output_steps={value} was read off calls of the model: as many steps has its output, whatever the source"
    if isinstance(found, StepRatio):
        note = f"the output has {found} steps, which was read off calls of the model"
    return seen.read_off(contract={"output_steps": value}, inferred=["output_steps"], notes=[note])


def _steps_of_window(seen: Inspection, steps: int) -> Inspection:
    """Read how many steps follow a window of one length: a dimension of its own, or a number far below that."""
    contract = seen.spec.contract
    window = contract.range_of("source_length")

    def steps_in(built: ModelInstance, sizes: Mapping[str, int]) -> int | None:
        array = look(built, seen.spec, attrs.evolve(seen, sizes=sizes).guess).array
        return None if array is None or array.ndim < 2 else int(array.shape[1])

    value = following(seen, steps, steps_in)
    if value == window.equal_to or (isinstance(value, int) and 2 * value > window.min):
        return seen  # Those of the window, or a few that a mistake may have cut off.
    name = contract.written.get(str(value), str(value))
    note = f"output_steps={name} was read off calls of the model: as many steps follow its window"
    return seen.read_off(contract={"output_steps": value}, inferred=["output_steps"], notes=[note])


def _steps(built: ModelInstance, seen: Inspection, length: int) -> int | None:
    """Return the steps of the output for a source of a length; None where the model raises."""
    low, target = (seen.spec.contract.lowest_id(side) for side in ("source", "target"))
    case = Case(dimensions=seen.guess, batches=(Batch(pairs=(Pair((low,) * length, (target,)),) * 2),))
    try:
        fed = feed(seen.spec, arrays(case, seen.spec.contract), case.dimensions, None)
        return int(np.shape(built.subject.forward(fed, False).scores)[1])
    except Exception:  # The run reports what a model raises.
        return None
