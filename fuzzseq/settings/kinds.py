"""How the values of settings are read: in a pyproject.toml or a call, as the text of an option, and by an editor."""

from __future__ import annotations

import json
import operator
import os
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args

import attrs
from cattrs import Converter

from fuzzseq.errors import UsageError
from fuzzseq.grammar import (
    LEAST_SECONDS,
    MOST_COUNT,
    MOST_SECONDS,
    MOST_SEED,
    MOST_WORKERS,
    Between,
    integers_from,
    shown,
    whole_number,
)
from fuzzseq.profiles import PROFILE_NAMES

_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_MEMORY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?", re.IGNORECASE)
#: Each worker may take hundreds of megabytes: a laptop with many cores still wants to be used.
_MOST_AUTO_WORKERS: Final = 4


def duration(text: str) -> float:
    """Return the seconds that ``90s``, ``2m``, ``1h30m`` or a plain number stand for."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise UsageError(f"invalid duration {text!r}: write it like '90s', '2m' or '1h30m'.")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total < LEAST_SECONDS:
        raise UsageError(f"duration {text!r} is too short: the minimum is '1s'.")
    if total > MOST_SECONDS:
        raise UsageError(f"duration {shown(text)} is too long: the maximum is a century.")
    return total


def memory_size(text: str) -> int:
    """Return the bytes that ``4GiB``, ``512M`` or a plain number of bytes stand for (units of 1024)."""
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        raise UsageError(f"invalid size {text!r}: write it like '4GiB' or '512MiB'.")
    size = float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")
    if size < 1024**2:
        raise UsageError(f"size {text!r} is too small: the minimum is '1MiB'.")
    if size > MOST_COUNT:
        raise UsageError(f"size {shown(text)} is too large: the maximum is {MOST_COUNT} bytes.")
    return int(size)


def worker_count(text: str) -> int:
    """Return how many workers ``4`` or ``auto`` stand for; ``auto`` is one for each core, four at most."""
    if text == "auto":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return min(cores or 1, _MOST_AUTO_WORKERS)
    count = whole_number(text, 1, MOST_WORKERS)
    if count is None:
        raise UsageError(f"must be 'auto' or an integer from 1 to {MOST_WORKERS}, got {shown(text)}.")
    return count


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of value.

    Attributes:
        type: What :func:`structured` makes a value of a file or a call of.
        read_text: Reads the text of an option.
        hint: The type of a keyword of :func:`fuzzseq.fuzz`.
        schema: What an editor shows, in JSON Schema.
        metavar: What stands for a value in the help of an option, unless the option says so; a flag has none.
        values: All of its values, or what they are called for the completion of a shell: checks, formats.
        repeatable: Whether an option may be given several times; then ``read_text`` is not used.
        moved: Returns a value in which a function has changed each path.
    """

    type: Any
    read_text: Callable[[str], object] = lambda text: text
    hint: str
    schema: Mapping[str, object]
    metavar: str | None = None
    values: tuple[str, ...] | str = ()
    repeatable: bool = False
    moved: Callable[[Any, Callable[[str], str]], Any] = lambda value, _: value


def structured(value: object, type_: Any) -> Any:
    """Return what a value stands for; cattrs raises what it is not, our hooks TypeError or :class:`UsageError`."""
    return _CONVERTER.structure(value, type_)


def _exact(value: object, type_: type) -> object:
    if type(value) is not type_:
        raise TypeError
    return value


def _text_or_list(value: object, _: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise TypeError
    return tuple(listed)


def _annotated(value: Any, type_: object) -> object:
    """Return an integer in a range, or what a parser makes of a number or a text; a bool is neither."""
    rule = get_args(type_)[1]
    if isinstance(value, bool):
        raise TypeError
    if isinstance(rule, Between):
        if rule.objection(number := operator.index(value)):
            raise TypeError
        return number
    if not isinstance(value, (int, float, str)):
        raise TypeError
    return rule(str(value))


_CONVERTER: Final = Converter(forbid_extra_keys=True)
for _type in (bool, str):
    _CONVERTER.register_structure_hook(_type, _exact)
_CONVERTER.register_structure_hook_func(lambda type_: type_ == tuple[str, ...], _text_or_list)
_CONVERTER.register_structure_hook_func(lambda type_: hasattr(type_, "__metadata__"), _annotated)


def _number_or_text(parse: Callable[[str], object], hint: str, metavar: str, schema: Mapping[str, object]) -> Kind:
    either = {"anyOf": [schema, {"type": "string"}]}
    return Kind(type=Annotated[object, parse], read_text=parse, hint=hint, metavar=metavar, schema=either)


def integer(least: int, most: int = MOST_COUNT) -> Kind:
    """Return the kind of the whole numbers from ``least`` to ``most``."""

    def read_text(text: str) -> int:
        number = whole_number(text, least, most)
        if number is None:
            raise UsageError(f"must be {integers_from(least)}, got {shown(text)}.")
        return number

    return Kind(
        type=Annotated[int, Between(least, most)],
        read_text=read_text,
        hint="int | None",
        metavar="N",
        schema={"type": "integer", "minimum": least},
    )


def one_of(type_: object) -> Kind:
    """Return the kind of one of several texts, those of a Literal."""
    values = get_args(type_)
    hint = f"Literal{json.dumps(values)} | None"
    return Kind(type=type_, hint=hint, schema={"enum": list(values)}, values=values)


def texts(type_: object = str) -> Kind:
    """Return the kind of a list of texts, or of a single one; those of a Literal, where they are few."""
    values = get_args(type_)
    item = {"enum": list(values)} if values else {"type": "string"}
    schema = {"anyOf": [{"type": "array", "items": item}, item]}
    of_kind = tuple[str, ...]
    return Kind(type=of_kind, hint="Sequence[str]", schema=schema, metavar="NAME", values=values, repeatable=True)


def _moved_references(references: tuple[str, ...], moved: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(
        f"{moved(f'{file}.py')}:{name}" if colon else moved(file) if file.endswith(".py") else file
        for file, colon, name in (reference.partition(".py:") for reference in references)
    )


def _moved_places(value: str, moved: Callable[[str], str]) -> str:
    return ",".join(place if "://" in place else moved(place) for place in value.split(","))


FLAG: Final = Kind(type=bool, hint="bool | None", schema={"type": "boolean"})
TEXT: Final = Kind(type=str, hint="str | None", schema={"type": "string"})
PATH: Final = attrs.evolve(TEXT, hint="str | Path | None", moved=lambda value, moved: moved(value))
#: Folders and URLs, with commas between them.
PLACES: Final = attrs.evolve(PATH, metavar="DIR|URL", moved=_moved_places)
REFERENCES: Final = attrs.evolve(texts(), metavar="FILE:NAME", moved=_moved_references)
#: One that there is none of is answered where profiles are looked up.
PROFILE: Final = attrs.evolve(TEXT, metavar="NAME", schema={"enum": list(PROFILE_NAMES)}, values=PROFILE_NAMES)
CHECKS: Final = attrs.evolve(texts(), values="checks")
FORMATS: Final = attrs.evolve(texts(), metavar="FORMAT", values="formats")
POSITIVE: Final = integer(1)
SEED: Final = integer(0, MOST_SEED)
DURATION: Final = _number_or_text(duration, "float | str | None", "TIME", {"type": "number", "minimum": LEAST_SECONDS})
MEMORY: Final = _number_or_text(memory_size, "int | str | None", "SIZE", {"type": "integer", "minimum": 1024**2})
WORKERS: Final = _number_or_text(worker_count, "int | str | None", "N|auto", {"type": "integer", "minimum": 1})
