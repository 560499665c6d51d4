"""The one JSON form of everything that crosses a process, a file or a report.

Data is read strictly: a text is no number, a number is no text, and a field whose type has a grammar (see
:mod:`fuzzseq.grammar`) takes nothing else. A class may say more of how its fields fit together in a method
``objection``, which returns what is wrong, or an empty text. Fields that a class does not have are ignored.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache, partial
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.preconf.json import make_converter

from fuzzseq.grammar import Grammar, Misfit, shown
from fuzzseq.protocol.transport import Json

T = TypeVar("T")
_Reader = Callable[[object], object]
#: A type as Python has it: ``int | None`` and ``Literal`` are no classes.
_Form: TypeAlias = Any

_PLAIN: Final[Mapping[_Form, tuple[tuple[type, ...], str]]] = {
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
}


@cache
def converter() -> Converter:
    """Return what makes JSON-able data of attrs values; fields at their default are kept."""
    return make_converter()


def to_data(value: object) -> Json:
    """Return an attrs value as dicts, lists, strings and numbers."""
    return converter().unstructure(value)


def from_data(data: Json, kind: type[T]) -> T:
    """Return the value of a kind that ``data`` stands for.

    Raises :class:`fuzzseq.grammar.Misfit`, which says where and why, where it stands for none.
    """
    return cast(T, _reader(cast(_Form, kind))(data))


def dumps(value: object) -> str:
    """Return an attrs value as one line of canonical JSON: sorted keys, no spaces."""
    return json.dumps(to_data(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def loads(text: str | bytes, kind: type[T]) -> T:
    """Return the attrs value of a line of JSON; raises :class:`ValueError` where it is none."""
    return from_data(json.loads(text), kind)


@cache
def _reader(kind: _Form) -> _Reader:
    origin: _Form = get_origin(kind)
    args = get_args(kind)
    if kind in _PLAIN:
        return partial(_read_plain, *_PLAIN[kind])
    if origin is Annotated:
        return partial(_read_with_grammar, _reader(args[0]), args[1])
    if origin is Literal:
        return partial(_read_literal, args)
    if origin in (Union, types.UnionType):
        return _union(args)
    if origin is tuple:
        if args[1:] == (...,):
            return partial(_read_sequence, _reader(args[0]))
        return partial(_read_fixed, [_reader(each) for each in args])
    if origin is not None and issubclass(origin, Mapping):
        return partial(_read_mapping, _reader(args[0]), _reader(args[1]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = tuple(member.value for member in kind)
        return lambda data: kind(_read_literal(values, data))
    if attrs.has(kind):
        return _class(kind)
    raise TypeError(f"{kind!r} has no JSON form here")


def _read_plain(kinds: tuple[type, ...], expected: str, data: object) -> object:
    """Return a plain value; a bool is no number."""
    if type(data) in kinds:
        return data
    if not isinstance(data, kinds) or isinstance(data, bool):  # NumPy's float64 is a float
        raise Misfit(f"expected {expected}, got {shown(data)}")
    return data


def _read_with_grammar(inner: _Reader, grammar: Grammar, data: object) -> object:
    value = inner(data)
    if why := grammar.objection(value):
        raise Misfit(why)
    return value


def _read_literal(values: tuple[object, ...], data: object) -> object:
    for value in values:
        if isinstance(data, type(value)) and data == value:
            return value
    raise Misfit(f"{shown(data)} is none of {', '.join(map(str, values))}")


def _union(kinds: tuple[_Form, ...]) -> _Reader:
    """Return what reads a value of any of some kinds: by its ``kind`` where each has one, else the first that fits."""
    if all(attrs.has(kind) and "kind" in attrs.fields_dict(kind) for kind in kinds):
        readers = {str(attrs.fields_dict(kind)["kind"].default): _reader(kind) for kind in kinds}

        def read_tagged(data: object) -> object:
            kind = data.get("kind") if isinstance(data, dict) else None
            if not isinstance(kind, str) or kind not in readers:
                raise Misfit(f"{shown(kind)} is none of {', '.join(readers)}").inside("kind")
            return readers[kind](data)

        return read_tagged
    *others, last = [_reader(kind) for kind in kinds if kind is not type(None)]
    nullable = type(None) in kinds

    def read(data: object) -> object:
        if nullable and data is None:
            return None
        for reader in others:
            try:
                return reader(data)
            except Misfit:
                continue
        return last(data)

    return read


def _read_sequence(inner: _Reader, data: object) -> object:
    if not isinstance(data, list | tuple):
        raise Misfit(f"expected a list, got {shown(data)}")
    found = []
    for number, item in enumerate(data):
        try:
            found.append(inner(item))
        except Misfit as misfit:
            raise misfit.inside(f"[{number}]") from None
    return tuple(found)


def _read_fixed(inner: Sequence[_Reader], data: object) -> object:
    if not isinstance(data, list | tuple) or len(data) != len(inner):
        raise Misfit(f"expected a list of {len(inner)}, got {shown(data)}")
    return tuple(reader(item) for reader, item in zip(inner, data, strict=True))


def _read_mapping(key: _Reader, inner: _Reader, data: object) -> object:
    if not isinstance(data, dict):
        raise Misfit(f"expected an object, got {shown(data)}")
    found = {}
    for name, item in data.items():
        try:
            found[key(name)] = inner(item)
        except Misfit as misfit:
            raise misfit.inside(f"[{shown(name)}]") from None
    return found


def _class(kind: _Form) -> _Reader:
    """Return what reads a value of an attrs class. Readers of its fields are made on first use: classes may nest."""
    attrs.resolve_types(kind)
    fields = [(field.name, field.type, field.default is attrs.NOTHING) for field in attrs.fields(kind)]
    readers: dict[str, _Reader] = {}
    objects: Callable[[object], str] = getattr(kind, "objection", lambda _: "")

    def read(data: object) -> object:
        if not isinstance(data, dict):
            raise Misfit(f"expected an object, got {shown(data)}")
        if not readers:
            readers.update({name: _reader(of) for name, of, _ in fields})
        given = {}
        for name, _, needed in fields:
            if name in data:
                try:
                    given[name] = readers[name](data[name])
                except Misfit as misfit:
                    raise misfit.inside(name) from None
            elif needed:
                raise Misfit(f"{name} is missing")
        made = kind(**given)
        if why := objects(made):
            raise Misfit(why)
        return made

    return read
