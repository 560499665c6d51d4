"""The whole numbers in a factory's own code: where a hard-coded size stands, if there is one."""

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
    found = {number for number in _of(inspect.unwrap(factory), set()) if _LOWEST <= number <= _HIGHEST}
    return tuple(sorted(found))[:_MOST]


def _of(thing: object, seen: set[int]) -> Iterator[int]:
    """Yield the numbers of a function, a class or a value, and of what it names."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if type(thing) is int:
        yield thing
    elif isinstance(thing, FunctionType):
        if is_users(thing.__code__.co_filename):
            yield from _of_code(thing.__code__)
            named = _named(thing)
            for value in (*named.globals.values(), *named.nonlocals.values()):
                yield from _of(value, seen)
    elif inspect.isclass(thing):
        for value in vars(thing).values():
            yield from _of(inspect.unwrap(value) if callable(value) else None, seen)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _of(thing.__func__, seen)


def _named(function: FunctionType) -> inspect.ClosureVars:
    """Return what a function names; nothing where a cell of its closure is still empty."""
    try:
        return inspect.getclosurevars(function)
    except ValueError:
        return inspect.ClosureVars({}, {}, {}, set())


def _of_code(code: CodeType) -> Iterator[int]:
    """Yield the constants of a piece of code, and of the functions inside it."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant)
        elif isinstance(constant, tuple):
            yield from (part for part in constant if type(part) is int)
        elif type(constant) is int:
            yield constant
