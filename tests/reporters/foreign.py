"""Events in which every text is foreign: whatever may have one, by its type, so that a new field has one too."""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

#: What nothing may read as anything: sequences of a terminal, commands of build servers, markup, code, and no text.
NASTY = (
    "\x00\x07\x08\x1b[31mred\x1b]8;;http://evil.test\x07link\x9b31m\x9d0;title\x9c\x7f\x85\x0b\x0c\u202e\u2066\u200f\u061c"
    "\u200b\ufeff\U000e0041\u2028\u2029\ud800\ufffe\tx\r\n::error::gotcha\n  ::set-output name=a::b\n##[error]x"
    " ##vso[task.setvariable variable=a]b </script><img src=x onerror=alert(1)> <b a=\"1\" b='2'> ]]> --> &amp; {{7*7}}"
    " \"\"\" ''' \\ %0A %s `x` ```y``` | [l](http://e.test) ![i](http://e.test) @you #1 $(id) "
    "\nimport os;os.system('id')\n"
)
#: What an exception may quote that concerns nobody else; the folders above are filled in where a test runs.
SECRETS = (
    " redis://:hunter2@host:6379/0,rediss://user:hun/ter2@host/0 http://host/a?token=hunter2&X-Amz-Signature=hunter2"
    ' password="hunter2" Authorization: Bearer hunter2hunter2 '
)

#: Fields that say how a model is called, for which there is a fixed set of words.
_FIXED = {("Input", "role"), ("Input", "dtype"), ("Input", "key"), ("RunStarted", "started"), ("Spec", "initial_state")}


def soiled(value: Any, text: str) -> Any:
    """Return an attrs value with a foreign text added to every text in it, and something in all that is empty."""
    kind = type(value)
    attrs.resolve_types(kind)
    fields = {
        field.name: _of(getattr(value, field.name), field.type, text)
        for field in attrs.fields(kind)
        if (kind.__name__, field.name) not in _FIXED
    }
    return attrs.evolve(value, **fields)


def _of(value: Any, hint: Any, text: str) -> Any:
    """Return what a field of a type holds, soiled; a grammar is for what is read, and a model heeds none."""
    hint = _plain(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        best = max((each for each in arguments if each is not type(None)), key=_rank)
        return _of(value, best, text) if value is None or isinstance(value, str) or attrs.has(type(value)) else value
    if hint is str or hint is Any:
        return f"{value or ''}{text}" if value is None or isinstance(value, str) else value
    if attrs.has(hint):
        return soiled(made(hint) if value is None else value, text)
    if origin is tuple and arguments[-1] is ...:
        return tuple(_of(each, arguments[0], text) for each in value or (made(arguments[0]),))
    if origin is tuple and value is not None:
        return tuple(_of(each, of, text) for each, of in zip(value, arguments, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        pairs = (value or {made(arguments[0]): made(arguments[1])}).items()
        return {_of(key, arguments[0], text): _of(each, arguments[1], text) for key, each in pairs}
    return made(hint) if value is None else value


def _plain(hint: Any) -> Any:
    """Return a type without its grammar."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _rank(hint: Any) -> int:
    """Return how foreign a type is."""
    hint = _plain(hint)
    return 2 if attrs.has(hint) else int(hint is str)


def made(hint: Any) -> Any:
    """Return a value of a type."""
    hint = _plain(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, types.UnionType):
        return made(max((each for each in arguments if each is not type(None)), key=_rank))
    if origin is tuple:
        return (made(arguments[0]),) if arguments[-1] is ... else tuple(map(made, arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {made(arguments[0]): made(arguments[1])}
    if isinstance(hint, type) and attrs.has(hint):
        attrs.resolve_types(hint)
        return hint(**{field.name: made(field.type) for field in attrs.fields(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return {str: "", int: 1, float: 1.0, bool: False, Any: ""}[hint]


def texts(value: Any) -> list[str]:
    """Return every text in a value: of attrs, or of what JSON gives."""
    if isinstance(value, str):
        return [value]
    if attrs.has(type(value)):
        return [text for field in attrs.fields(type(value)) for text in texts(getattr(value, field.name))]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for each in pair for text in texts(each)]
    if isinstance(value, tuple | list):
        return [text for each in value for text in texts(each)]
    return []
