"""A training step of the user's own: what it takes, and what it makes of the compiled loss."""

from __future__ import annotations

import inspect
from typing import Any, Final

import tensorflow as tf

from fuzzseq.cases.arrays import arrays
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.worker.first_look import ROWS_NOT_UNPACKED, fed_for_look
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.losses import training_batch
from fuzzseq.worker.source_constants import names_in

#: How many numbers of the factory's code are tried as the rows of a batch, and up to where.
_MOST_NUMBERS: Final = 4
_MOST_ROWS: Final = 256

#: What Python raises where a step takes a batch apart that is made in another way, if only inside of a layer.
_OTHERWISE: Final = (TypeError, KeyError, ValueError, IndexError, AttributeError)


def training_step(seen: Inspection) -> Inspection:
    """Read whether a step of the user's own takes (inputs, labels), and what it makes of the compiled loss.

    One that raises as Python does where a batch is taken apart otherwise takes something else, which nobody here can
    make; so it may be with any exception, where no compiled loss shows what labels are wanted. Where a step never asks
    for the compiled loss, that is not what the model learns from.
    """
    if not seen.may_call or not seen.spec.traits.own_training_step:
        return seen
    model, spec, given = seen.model, seen.spec, list[object]()
    original = model.compute_loss

    def noted(*args: Any, **kwargs: Any) -> Nest:
        # A loss of the user's own may take weights by any name, as one of its keyword arguments.
        named = inspect.signature(original).bind(*args, **kwargs).arguments
        others = (v["sample_weight"] for v in named.values() if isinstance(v, dict) and "sample_weight" in v)
        given.append(named.get("sample_weight", next(others, None)))
        return original(*args, **kwargs)

    model.compute_loss = noted
    tried, error = _steps_tried(seen)
    if not tried:
        return seen
    note = ""
    # What is not the batch's fault is for the run to report.
    if error is not None and (isinstance(error, _OTHERWISE) or spec.contract.loss != "compiled"):
        said = f"{name_of(type(error))}: {FrameworkMessage(text_of(error)).cleaned}".splitlines()[0]
        note = f"its own training step raises for (inputs, labels), and is not run: {said}"
    named = names_in(type(model).train_step)
    uncompiled = error is None or (note and not named & KERAS.compiled_loss_names)
    ignores_loss = spec.contract.loss == "compiled" and not given and uncompiled
    return seen.read_off(
        contract={"loss": None} if ignores_loss else {},
        traits={
            "train_step_accepts_xy": not note,
            "uses_sample_weight": any(weights is not None for weights in given) if given else "sample_weight" in named,
        },
        notes=[note] if note else (),
    )


def _steps_tried(seen: Inspection) -> tuple[bool, Exception | None]:
    """Return whether a batch could be made, and what a step raises for all of them; None where it takes one.

    One that takes no other number of rows than one of the factory's code, or sides of one length alone, takes pairs.
    """
    model, spec, usual = seen.model, seen.spec, ROWS_NOT_UNPACKED
    numbers = [n for n in spec.traits.source_constants if usual < n <= _MOST_ROWS][:_MOST_NUMBERS]
    raised: Exception | None = None
    for rows, alike in ((usual, False), (usual, True), *((n, False) for n in numbers)):
        case, fed = fed_for_look(seen.built, spec, seen.guess, rows, alike)
        if fed is None:
            continue
        try:
            made = arrays(case, spec.contract)
            model.train_step(training_batch(spec, model, fed, tf.constant(made.labels), tf.constant(made.target_mask)))
        except Exception as error:  # whatever a step of the user's own raises
            raised = raised or error
        else:
            return True, None
    return raised is not None, raised
