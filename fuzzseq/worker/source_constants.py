"""What code says without being run: the whole numbers in a factory's own, where a hard-coded size stands; and names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

from fuzzseq.protocol.user_frames import is_users
from fuzzseq.worker.keras_api.objects import Function

_LOWEST, _HIGHEST = 3, 4096
_MOST: Final = 24


def numbers(factory: Function) -> tuple[int, ...]:
    """Return the numbers from 3 to 4096 in a factory, and in what it names of the user's, ascending; at most 24."""
    found = {number for number in _numbers_of(inspect.unwrap(factory), set()) if _LOWEST <= number <= _HIGHEST}
    return tuple(sorted(found))[:_MOST]


def names_in(function: object) -> set[str]:
    """Return the names in a function, those of keyword arguments among them, and in the functions inside it."""
    code = getattr(getattr(function, "python_function", function), "__code__", None)
    names: set[str] = set()
    for each in _nested_code(code) if isinstance(code, CodeType) else ():
        names.update(each.co_names, each.co_varnames)
        tuples = (constant for constant in each.co_consts if isinstance(constant, tuple))
        names.update(part for constants in tuples for part in constants if isinstance(part, str))
    return names


def called_elsewhere(function: Function, model: object) -> bool:
    """Say whether another function beside one of the user's, or another method of its model, names it."""
    name, home = getattr(function, "__name__", ""), getattr(inspect.unwrap(function), "__globals__", {})
    others = [*home.values(), *(value for kind in type(model).__mro__ for value in vars(kind).values())]
    users = (each for each in others if is_users(getattr(getattr(each, "__code__", None), "co_filename", "<string>")))
    return any(name in names_in(each) for each in users if getattr(each, "__name__", "") != name)


def _numbers_of(thing: object, seen: set[int]) -> Iterator[int]:
    """Yield the numbers of a function, a class or a value, and of what it names."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if type(thing) is int:
        yield thing
    elif isinstance(thing, FunctionType) and is_users(thing.__code__.co_filename):
        constants = [constant for code in _nested_code(thing.__code__) for constant in code.co_consts]
        parts = (part for each in constants for part in (each if isinstance(each, tuple) else (each,)))
        yield from (part for part in parts if type(part) is int)
        try:
            named = inspect.getclosurevars(thing)
        except ValueError:  # A cell of its closure is still empty.
            return
        for value in (*named.globals.values(), *named.nonlocals.values()):
            yield from _numbers_of(value, seen)
    elif inspect.isclass(thing):
        for value in vars(thing).values():
            yield from _numbers_of(inspect.unwrap(value) if callable(value) else None, seen)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _numbers_of(thing.__func__, seen)


def _nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield a piece of code, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested_code(constant)
