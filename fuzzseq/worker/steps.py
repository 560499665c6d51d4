"""A training step of the user's own: what it takes, and what it makes of the compiled loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any, Final

import attrs
import tensorflow as tf

from fuzzseq.arrays import arrays
from fuzzseq.spec import Spec
from fuzzseq.worker.build import Built
from fuzzseq.worker.losses import as_targets
from fuzzseq.worker.sizes import fed_for_look
from fuzzseq.worker.tracking import TRACKER

#: What Python raises where a step takes a batch apart that is made in another way.
_OTHERWISE: Final = (TypeError, KeyError, ValueError, IndexError, AttributeError)


def weighs_its_loss(model: Any) -> bool:
    """Say whether a training step gives its loss weights: then the compiled loss alone is not what it trains on."""
    code = getattr(type(model).train_step, "__code__", None)
    return code is not None and "sample_weight" in set(_names(code))


def names_random(layer: Any) -> bool:
    """Say whether the call of a model, or of a layer of the user's own, names anything that is random."""
    call = getattr(type(layer), "call", layer)
    code = getattr(call, "__code__", None)
    return code is not None and not call.__module__.startswith("keras.") and "random" in set(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names in a code object, those of keyword arguments among them, and of the functions inside it."""
    yield from code.co_names
    yield from code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif isinstance(constant, tuple):
            yield from (part for part in constant if isinstance(part, str))


def with_training_step(spec: Spec, built: Built, sizes: Mapping[str, int]) -> Spec:
    """Return the Spec with whether the step takes (inputs, labels): one that fails before any layer runs does not.

    A data set of the user's own may give it something else, which nobody here can make.
    """
    case, fed = fed_for_look(built, spec, sizes)
    if fed is None:
        return spec
    targets = as_targets(built.model, tf.constant(arrays(case, spec).labels))
    before = TRACKER.calls
    try:
        built.model.train_step((fed, targets))
    except _OTHERWISE as error:
        if TRACKER.calls == before:
            note = (
                "its own training step takes another batch than (inputs, labels), and is not run: "
                f"{type(error).__name__}: {error}"
            )
            return attrs.evolve(spec, step_takes_pairs=False, notes=(*spec.notes, note))
    except Exception:  # What it raises further on is for the run to tell.
        return spec
    return spec
