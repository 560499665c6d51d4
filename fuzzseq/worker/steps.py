"""A training step of the user's own: what it takes, and what it makes of the compiled loss."""

from __future__ import annotations

import inspect
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


def names_random(layer: Any) -> bool:
    """Say whether the call of a model, or of a layer of the user's own, names anything that is random."""
    call = getattr(type(layer), "call", layer)
    code = _code(call)
    return code is not None and not call.__module__.startswith("keras.") and "random" in set(_names(code))


def _code(function: Any) -> CodeType | None:
    """Return the code of a function, which its user may have had traced; None where there is none."""
    code = getattr(getattr(function, "python_function", function), "__code__", None)
    return code if isinstance(code, CodeType) else None


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
    """Return the Spec with whether the step takes (inputs, labels), and whether it gives the compiled loss weights.

    One that fails before any layer runs takes something else, which nobody here can make. The model is of no use then.
    """
    case, fed = fed_for_look(built, spec, sizes)
    if fed is None:
        return spec
    model, given, before = built.model, list[Any](), TRACKER.calls
    original = model.compute_loss

    def noted(*args: Any, **kwargs: Any) -> Any:
        given.append(inspect.signature(original).bind(*args, **kwargs).arguments.get("sample_weight"))
        return original(*args, **kwargs)

    model.compute_loss = noted
    note = ""
    try:
        model.train_step((fed, as_targets(model, tf.constant(arrays(case, spec).labels))))
    except _OTHERWISE as error:
        if TRACKER.calls == before:
            note = (
                "its own training step takes another batch than (inputs, labels), and is not run: "
                f"{type(error).__name__}: {error}"
            )
    except Exception:  # noqa: S110 (what it raises further on is for the run to tell)
        pass
    code = _code(type(model).train_step)
    named = code is not None and "sample_weight" in set(_names(code))
    return attrs.evolve(
        spec,
        step_takes_pairs=not note,
        step_weighs=any(weights is not None for weights in given) if given else named,
        notes=(*spec.notes, note) if note else spec.notes,
    )
