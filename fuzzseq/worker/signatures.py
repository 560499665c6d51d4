"""What a factory's parameters and its user's declaration say of a Spec, before any model is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from fuzzseq.checks.registry import check_named
from fuzzseq.errors import SpecError, UsageError, nearest
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.declared_values import parameters_named
from fuzzseq.targets.dimensions import KNOWN, Dim, dim, dimension_of, unknown_parameter
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.selection import Selection
from fuzzseq.targets.series import Series
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.training_batch import TrainingBatch
from fuzzseq.targets.traits import Origin, Traits
from fuzzseq.worker.build import LoadedFactory
from fuzzseq.worker.keras_api.objects import Function
from fuzzseq.worker.source_constants import numbers

#: The options that are functions, or name one.
_FUNCTIONS: Final = ("initial_state", "preprocess", "loss", "decode", "sample_weight", "batch")


def from_signature(target: LoadedFactory) -> Spec:
    """Return what a factory's parameters and its user's declaration say."""
    declared = target.declaration
    origins: dict[str, Origin] = dict.fromkeys([*declared.options, *declared.dimensions], "declared")
    parameters, dimensions = _parameters(target)
    values: dict[str, Any] = {
        name: reference(value) if name in _FUNCTIONS and value is not None else value
        for name, value in declared.options.items()
        if name not in ("inputs", "custom_checks", "output_steps", "text", "one_hot")
    }
    if (function := values.pop("batch", None)) is not None:
        values["batch"] = TrainingBatch(function=function, arguments=parameters_named(declared.options["batch"]))
    if callable(weights := declared.options.get("sample_weight")):
        values["weight_arguments"] = parameters_named(weights)
    if isinstance(padding := values.get("padding"), Mapping):
        first, second = padding["source"], padding["target"]
        values["unpadded"] = tuple(side for side in padding if padding[side] is None)
        values |= {"padding": first or second, "target_padding": second if first and second != first else None}
    if "series" in values:
        values["series"] = Series(**values["series"])
    kinds: dict[str, type] = {"checks": tuple, "skip": dict}
    selected = {name: kind(values.pop(name)) for name, kind in kinds.items() if name in values}
    for option, name in ((option, name) for option, names in selected.items() for name in names):
        if name not in target.custom_checks:
            try:
                check_named(name)
            except UsageError as error:
                raise SpecError(f"{option} of {target.name} names {name!r}. {error}") from None
    logits = values.pop("logits", None)
    named = {p.dimension for p in parameters}
    for length, longest in (("source_length", "max_source_length"), ("target_length", "max_target_length")):
        # A length is kept within the longest sequence that the factory has a parameter for.
        bound = longest if longest in named else "max_length" if "max_length" in named else None
        if bound and length not in dimensions:
            dimensions[length] = attrs.evolve(KNOWN[length][0], at_most=bound)
    custom_checks = {name: check.description for name, check in target.custom_checks.items()}
    return Spec(
        contract=Contract(parameters=parameters, dimensions=dimensions, inputs=(), **values),
        traits=Traits(logits=logits, source_constants=numbers(target.factory), origins=origins),
        selection=Selection(custom_checks=custom_checks, **selected),
    )


def reference(value: Function) -> str:
    """Return how a function or an object of the user's is named in reports: ``file.py:name``, or its class."""
    if isinstance(value, str):
        return value
    name = getattr(value, "__qualname__", None)
    if name is None:
        return type(value).__name__
    code = getattr(inspect.unwrap(value), "__code__", None)
    return f"{code.co_filename}:{name}" if code is not None else f"{getattr(value, '__module__', '')}.{name}"


def _parameters(target: LoadedFactory) -> tuple[tuple[Parameter, ...], dict[str, Dim]]:
    """Return the parameters of a factory that carry dimensions, and the ranges that were declared, by dimension."""
    try:
        signature = inspect.signature(target.factory)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    declared = dict(target.declaration.dimensions)
    parameters: list[Parameter] = []
    dimensions: dict[str, Dim] = {}
    taken: set[str] = set()
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.kind == parameter.POSITIONAL_ONLY:
            raise SpecError(
                f"The parameter {name!r} of {target.name} is positional-only, and fuzzseq gives sizes by name: leave "
                "the '/' out of its parameters."
            )
        if name == "self" and parameter.default is parameter.empty:
            raise SpecError(
                f"{target.name} is a method, and has no object to be called on: make it a @staticmethod, or call it in "
                "a function, and name that."
            )
        has_default = parameter.default is not parameter.empty
        meaning = name if name in declared else dimension_of(name)
        default = parameter.default if type(parameter.default) is int else None
        if meaning is None or (has_default and default is None and name not in declared):
            if not has_default:
                raise unknown_parameter(name, target.name)
            continue
        known = dimension_of(meaning) or meaning
        dimension = known if known not in taken else name
        taken.add(dimension)
        given = declared.pop(name, None) or declared.pop(dimension, None)
        usual = KNOWN[known][0] if known in KNOWN else dim(2, 16)
        if given is not None:
            dimensions[dimension] = given
        elif dimension not in KNOWN:
            dimensions[dimension] = usual
        parameters.append(Parameter(name=name, dimension=dimension, default=default))
    _refuse_strange(target, declared, parameters)
    dimensions.update({dimension_of(name) or name: given for name, given in declared.items()})
    return tuple(parameters), {
        # A name that was declared stands for a dimension.
        name: given.renamed(lambda tie: dimension_of(tie) or tie)
        for name, given in dimensions.items()
    }


def _refuse_strange(target: LoadedFactory, declared: Iterable[str], parameters: Sequence[Parameter]) -> None:
    """Raise :class:`SpecError` for a range that is declared of what is neither a parameter nor a dimension."""
    strange = next((name for name in declared if dimension_of(name) is None), None)
    if strange is not None:
        names = [*(parameter.name for parameter in parameters), *KNOWN]
        raise SpecError(
            f"{strange} is declared for {target.name}, which has no such parameter, and is not a known "
            f"dimension.{nearest(strange, names)} 'fuzzseq list dimensions' lists them."
        )
