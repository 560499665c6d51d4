"""What the options of `fuzz_target` may be: each value is checked where it is declared, with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, Final

import attrs

from fuzzseq.errors import SpecError, nearest
from fuzzseq.grammar import MOST_VALUE
from fuzzseq.targets.contract import CELLS, ENCODINGS, KINDS, LABELS, PADDINGS, SIDES
from fuzzseq.targets.dimensions import dimension_of
from fuzzseq.targets.inputs import ROLES
from fuzzseq.targets.series import SERIES_STARTS
from fuzzseq.targets.tokens import Tokens
from fuzzseq.targets.training_batch import BATCH_PARTS, MASK_WEIGHTS

#: What a function of a training batch can be given.
BATCH_VALUES: Final = (
    *BATCH_PARTS,
    *(role for role in ROLES if role.endswith(("_mask", "_length"))),
    "weights",
)
_TOKENS: Final = tuple(each.name for each in attrs.fields(Tokens))


def _anything(_: object) -> bool:
    return True


#: What a value has to be, and what is said of another one, by the name of its option.
_SIMPLE: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "initial_state": (
        lambda value: value is None or value in CELLS or callable(value),
        (
            f"is not understood: it is one of {', '.join(map(repr, CELLS))}, or a function of the dimensions that "
            "returns a list of shapes"
        ),
    ),
    **dict.fromkeys(
        ("text", "one_hot"),
        (
            lambda value: isinstance(value, bool) or value in SIDES,
            "is not understood: it is True, or the side that it holds for, 'source' or 'target'",
        ),
    ),
    **dict.fromkeys(
        ("causal", "stateful"), (lambda value: isinstance(value, bool), "is not understood: it is True or False")
    ),
    "output_steps": (
        lambda value: value is None or isinstance(value, str) or callable(value) or type(value) is int,
        (
            "is not understood: it is a number, the name of a dimension, or a function of dimensions, "
            "lambda source_length: source_length // 2"
        ),
    ),
    "preprocess": (
        lambda value: value is None or callable(value),
        "is not callable: give the function that pads a list of lists of ids",
    ),
    "decode": (
        lambda value: value is None or callable(value) or (isinstance(value, str) and value.isidentifier()),
        'is no decode loop: give the function, or the name of a method of the model, decode="greedy"',
    ),
    "custom_checks": (
        lambda value: isinstance(value, list | tuple),
        "is not a list: give a list of functions, [my_check]",
    ),
}


def checked_option(name: str, value: Any) -> object:
    """Return an option's value where it can hold, else raise the sentence that says what is expected."""
    choices: dict[str, tuple[object, ...]] = {
        "kind": KINDS,
        "labels": LABELS,
        "target_encoding": ENCODINGS,
        "padding": PADDINGS,
    }
    if name == "padding" and isinstance(value, Mapping):
        return _checked_padding(value)
    if name in choices and value not in choices[name]:
        listed = ", ".join(repr(choice) for choice in choices[name])
        raise SpecError(f"{name}={value!r} is not understood: it is one of {listed}.")
    fits, expected = _SIMPLE.get(name, (_anything, ""))
    if not fits(value):
        raise SpecError(f"{name}={value!r} {expected}.")
    if value is not None and (name == "batch" or (name == "sample_weight" and value != MASK_WEIGHTS)):
        _check_batch_function(name, value)
    if name in ("skip", "inputs", "tokens", "series") and not isinstance(value, Mapping):
        raise SpecError(f"{name}={value!r} is not a dict: see help(fuzzseq.fuzz_target).")
    for key, role in value.items() if name == "inputs" else ():
        if not isinstance(role, str) or role.removeprefix("~") not in ROLES:
            raise SpecError(f"inputs[{key!r}] is {role!r}: it is one of {', '.join(ROLES)}.{nearest(str(role), ROLES)}")
    checked: dict[str, Callable[[Mapping[str, object]], object]] = {
        "tokens": _checked_tokens,
        "series": _checked_series,
    }
    return checked[name](value) if name in checked else value


def _check_batch_function(name: str, value: object) -> None:
    """Raise for what is no function of arrays of a batch, by the names of its parameters."""
    taken = [each for each in BATCH_VALUES if not (name == "sample_weight" and each in ("inputs", "weights"))]
    what = "the function that makes a training batch" if name == "batch" else f"{MASK_WEIGHTS!r}, or a function"
    if not callable(value):
        raise SpecError(f"{name}={value!r} is not understood: it is {what}, with parameters of {', '.join(taken)}.")
    for parameter in parameters_named(value):
        if parameter not in taken:
            raise SpecError(
                f"{name} takes {parameter!r}, which is nothing that a batch has.{nearest(parameter, taken)} "
                f"Its parameters are of {', '.join(taken)}."
            )


def parameters_named(function: Callable[..., object]) -> tuple[str, ...]:
    """Return the names of the parameters that a function has to be given; none where Python does not know them."""
    try:
        found = signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(each.name for each in found if each.default is each.empty)


def _checked_padding(value: Mapping[str, object]) -> Mapping[str, object]:
    """Return the padding of each side, or raise for what is none, and where neither is padded."""
    known = [side for side in value if side in SIDES and value[side] in PADDINGS]
    if len(known) != len(value) or not any(value.values()) or len(value) != len(SIDES):
        raise SpecError(
            f"padding={dict(value)!r} is not understood: it names the padding of both sides, 'post' or 'pre', and None "
            "for one that is not padded, {'source': None, 'target': 'post'}."
        )
    return value


def _checked_tokens(value: Mapping[str, Any]) -> Tokens:
    """Return the special tokens of a dict, or raise for a name or an id that cannot be one."""
    for name, token in value.items():
        if name not in _TOKENS:
            raise SpecError(f"tokens has no {name!r}: it takes {', '.join(map(repr, _TOKENS))}.")
        if name == "blank" and token not in (0, -1, None):
            raise SpecError(f"tokens['blank'] is {token!r}: it is 0, the first class, or -1, the last one.")
        if token is None and name == "pad":
            raise SpecError("tokens['pad'] cannot be None: declare padding=None for a model without padding.")
        if token is not None and (not isinstance(token, int) or (token < 0 and name not in ("label_pad", "blank"))):
            raise SpecError(f"tokens[{name!r}] is {token!r}: it is an id of 0 or more, or None.")
    return Tokens(**value)


def _checked_series(value: Mapping[str, Any]) -> dict[str, object]:
    """Return what a dict says of the values of a series, or raise for what cannot be."""
    wanted: dict[str, tuple[str, Callable[[Any], bool]]] = {
        **dict.fromkeys(
            ("channels", "decoder_channels"),
            (
                "a number of 1 or more, the name of a dimension, or None",
                lambda each: each is None or isinstance(each, str) or (type(each) is int and each > 0),
            ),
        ),
        "start": (f"one of {', '.join(map(repr, SERIES_STARTS))}", lambda each: each in SERIES_STARTS),
        "pad": ("a finite number", lambda each: type(each) in (int, float) and abs(each) <= MOST_VALUE),
        "positive": ("True or False", lambda each: isinstance(each, bool)),
    }
    for name, each in value.items():
        if name not in wanted:
            raise SpecError(f"series has no {name!r}: it takes {', '.join(map(repr, wanted))}.")
        what, fits = wanted[name]
        if not fits(each):
            raise SpecError(f"series[{name!r}] is {each!r}: it is {what}.")
    known = {
        key: dimension_of(each) or each if isinstance(each, str) and key != "start" else each
        for key, each in value.items()
    }
    return {**known, **({"pad": float(value["pad"])} if "pad" in value else {})}
