"""The one JSON form of everything that crosses a process, a file or a report."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.preconf.json import make_converter

T = TypeVar("T")


@cache
def converter() -> Converter:
    """Return the converter between attrs values and JSON-able data; fields at their default are kept."""
    made = make_converter(forbid_extra_keys=False)
    made.register_structure_hook(int | str | None, lambda value, _: value)
    made.register_structure_hook(str | int | None, lambda value, _: value)
    return made


def to_data(value: Any) -> Any:
    """Return an attrs value as dicts, lists, strings and numbers."""
    return converter().unstructure(value)


def from_data(data: Any, kind: type[T]) -> T:
    """Return the attrs value that ``data`` stands for; raises what cattrs raises where it is none."""
    return converter().structure(data, kind)


def dumps(value: Any) -> str:
    """Return an attrs value as one line of canonical JSON: sorted keys, no spaces."""
    return json.dumps(to_data(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def loads(text: str | bytes, kind: type[T]) -> T:
    """Return the attrs value of a line of JSON."""
    return from_data(json.loads(text), kind)
