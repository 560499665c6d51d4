"""The seam at which events leave the engine: every text in them is made fit to be shown, in one place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

import attrs

from fuzzseq.events import Event, FindingReported, RunFinished, RunStarted, TargetFinished
from fuzzseq.protocol.outcome import Frame
from fuzzseq.sanitize import one_line, outgoing
from fuzzseq.shown_paths import is_away, shown, shown_name

T = TypeVar("T")

#: The fields whose text may have several lines. All others are names, or sentences: a new field is one of these.
PARAGRAPHS: Final = frozenset(
    (
        "message",
        "traceback",
        "output",
        "in_graph",
        "explanation",
        "advice",
        "symbolic_message",
        "error",
        "reason",
        "exceptions",
    )
)
#: A plain word of fewer characters is no secret.
_SHORT: Final = 8
#: The fields that hold the name of a target, or of a function in a file, whose path may have blanks in it.
_REFERENCES: Final = frozenset(
    ("target", "targets", "absolute", "name", "custom_checks", "custom_objects", "loss", "preprocess", "initial_state")
)


def fit(value: T, text: Callable[[str, str], str] | None = None) -> T:
    """Return a value of attrs with every text in it as it may leave fuzzseq, keys of mappings too.

    What is fit already is returned as it is. ``text`` stands in for :func:`text_of`, which remembers nothing.
    """
    text = text or text_of
    changed: dict[str, object] = {}
    for field in attrs.fields(type(value)):  # type: ignore[arg-type]
        before = getattr(value, field.name)
        after = _fit(before, field.name, text)
        if after is not before:
            changed[field.name] = after
    if isinstance(value, Frame) and (changed.keys() & {"file", "source"} or "\t" in value.source):
        spaced = value.source.replace("\t", " ")
        changed |= {"file": one_line(shown(value.file)), "source": one_line(spaced)}
        if changed["source"] != spaced:  # Its expression stands elsewhere in it.
            changed |= {"start": None, "end": None}
    return attrs.evolve(value, **changed) if changed else value  # type: ignore[misc]


def _fit(value: Any, field: str, text: Callable[[str, str], str]) -> Any:
    """Return what a field holds, made fit; the very same value where there is nothing to do."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        made = text(value, field)
        return value if made == value else made
    if attrs.has(type(value)):
        return fit(value, text)
    if isinstance(value, Mapping):
        pairs = {key: _fit(each, field, text) for key, each in value.items()}
        keys = {key: text(key, "") if isinstance(key, str) else key for key in value}
        if all(keys[key] == key and pairs[key] is value[key] for key in value):
            return value
        found: dict[object, object] = {}
        for key, each in pairs.items():  # Two keys that have become one get a number.
            name, number = keys[key], 1
            while name in found:
                number += 1
                name = f"{keys[key]} ({number})"
            found[name] = each
        return found
    if isinstance(value, tuple | list):
        items = [_fit(each, field, text) for each in value]
        return value if all(map(operator.is_, items, value)) else type(value)(items)
    return value


def text_of(text: str, field: str) -> str:
    """Return a text of a field, made fit."""
    if text.isascii() and text.isidentifier():
        return text if len(text) < _SHORT else one_line(text)
    if field in PARAGRAPHS:
        return outgoing(text)
    return one_line(shown_name(text) if field in _REFERENCES else text)


def called(target: str) -> str:
    """Return how a target is called in what has left."""
    return one_line(shown_name(target))


class Outgoing:
    """Makes the events of a run fit to leave; two targets never get one name by it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._text = lru_cache(maxsize=4096)(text_of)

    def event(self, event: Event) -> Event:
        """Return an event as reporters may see it."""
        made: Event = fit(event, self._text)
        match event, made:
            case RunStarted(), RunStarted():
                return self._named(made, "targets", tuple(map(self.name, event.targets)))
            case FindingReported(), FindingReported():
                return FindingReported(finding=self._named(made.finding, "target", self.name(event.finding.target)))
            case TargetFinished(), TargetFinished():
                return TargetFinished(report=self._named(made.report, "name", self.name(event.report.name)))
            case RunFinished(), _:
                return made
            case _:
                return self._named(made, "target", self.name(event.target))  # type: ignore[union-attr]

    def name(self, target: str) -> str:
        """Return how a target is called, which no other one is in this run."""
        if target not in self._names:
            made, number = called(target), 1
            # What a log calls so, without the rest of its path, is whatever is called so now.
            taken = {name for named, name in self._names.items() if not (named == made and is_away(made))}
            while (name := made if number == 1 else f"{made} ({number})") in taken:
                number += 1
            self._names[target] = name
        return self._names[target]

    @staticmethod
    def _named(value: T, field: str, name: object) -> T:
        return value if getattr(value, field) == name else attrs.evolve(value, **{field: name})  # type: ignore[misc]
