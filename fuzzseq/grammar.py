"""What texts and numbers may be that cross a process or come from a file: types with a grammar.

A field whose type is one of these takes what the grammar allows and nothing else, wherever it is read: see
:func:`fuzzseq.protocol.serialization.from_data`. To a type checker they are ``str``, ``int`` and ``float``.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Protocol

import attrs

#: The most that a count, a size or a seed can be: enough for any, and small enough to be worked with.
MOST_COUNT: Final = 2**53
MOST_SEED: Final = 2**256
#: More processes than this are a mistake, on any machine.
MOST_WORKERS: Final = 1024
#: The least limit, and the most seconds of anything: a century.
LEAST_SECONDS: Final = 1e-3
MOST_SECONDS: Final = 3.2e9
#: The largest number that a series may hold.
MOST_VALUE: Final = 1e9


class Misfit(ValueError):
    """Data that does not stand for a value of its kind: ``reason`` says why, and ``place`` where in the data."""

    def __init__(self, reason: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(reason, place)
        self.reason, self.place = reason, place

    def inside(self, part: str) -> Misfit:
        """Return the misfit as it is seen from one level further out."""
        return Misfit(self.reason, (part, *self.place))

    def __str__(self) -> str:
        where = ".".join(self.place).replace(".[", "[")
        return f"{where}: {self.reason}" if where else self.reason


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line, and not longer than a glance takes."""
    kinds = {dict: "an object", list: "a list", tuple: "a list", type(None): "null", bool: str(value).lower()}
    if type(value) in kinds:
        return kinds[type(value)]
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def whole_number(text: str, least: int, most: int) -> int | None:
    """Return the number that a text is written as, in digits alone; None where it is none, or not in the range."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) + 20:
        return None
    return number if least <= (number := int(text)) <= most else None


def integers_from(least: int) -> str:
    """Return what a whole number from 0 or 1 up is called in a message."""
    return "a positive integer" if least else "a non-negative integer"


class Grammar(Protocol):
    """What a value of a plain type has to be besides."""

    def objection(self, value: object) -> str:
        """Return what is wrong with a value of the type; nothing where all is well."""


@attrs.frozen
class Matches:
    """A text of at most ``longest`` characters that a pattern matches whole; ``what`` says what that is."""

    pattern: re.Pattern[str]
    what: str
    longest: int

    def objection(self, value: str) -> str:
        """Say what is wrong with a text."""
        if len(value) <= self.longest and self.pattern.fullmatch(value):
            return ""
        return f"{shown(value)} is not {self.what}"


@attrs.frozen
class Between:
    """A number in a range, both ends included."""

    least: float
    most: float

    def objection(self, value: float) -> str:
        """Say what is wrong with a number."""
        if self.least <= value <= self.most:  # which NaN is not
            return ""
        return f"{shown(value)} is not between {self.least:g} and {self.most:g}"


#: No line break, no other control character, nothing that reverses what is written, and no half of a character.
_ONE_LINE: Final = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
#: A file system takes any character but one, and there is no file with half a character in its name.
_OF_A_FILE: Final = r"[^\x00\ud800-\udfff]"
SLUG: Final = r"[a-z]+(?:-[a-z0-9]+)*"
FINDING_ID: Final = Matches(
    re.compile(rf"{SLUG}-[0-9a-f]{{8}}"), "the id of a finding, such as input-vocabulary-1a2b3c4d", 100
)

FindingId = Annotated[str, FINDING_ID]
CauseSlug = Annotated[str, Matches(re.compile(SLUG), "a cause, such as input-vocabulary", 90)]
#: A check: of the catalog, or a custom one.
CheckName = Annotated[str, Matches(re.compile(r"\w[\w.<>: -]*"), "the name of a check, such as accepts", 200)]
Identifier = Annotated[str, Matches(re.compile(r"[^\W\d]\w*"), "a name as Python has them", 200)]
#: The reference of a fuzz target or a check, or a path: whatever the name of a file may be.
Reference = Annotated[str, Matches(re.compile(rf"{_OF_A_FILE}+"), "a name such as my_model.py:build", 4096)]
#: A reference, or nothing.
Label = Annotated[str, Matches(re.compile(rf"{_OF_A_FILE}*"), "a name such as my_model.py:build", 4096)]
#: A text on one line that may be empty.
Line = Annotated[str, Matches(re.compile(rf"{_ONE_LINE}*"), "a short text on one line", 4096)]
#: ISO 8601, with its offset from UTC where it has one; empty where it is not known.
Moment = Annotated[
    str, Matches(re.compile(r"|[\d-]{8,10}[T ][\d:.+-]{4,30}Z?"), "a moment, such as 2026-01-31T12:00:00+00:00", 50)
]
Count = Annotated[int, Between(0, MOST_COUNT)]
AtLeastOne = Annotated[int, Between(1, MOST_COUNT)]
#: The id of a special token or of an ordinary one, or a number close to it.
Id = Annotated[int, Between(-MOST_COUNT, MOST_COUNT)]
Seed = Annotated[int, Between(0, MOST_SEED)]
Seconds = Annotated[float, Between(0, MOST_SECONDS)]
#: A limit in seconds.
Limit = Annotated[float, Between(LEAST_SECONDS, MOST_SECONDS)]
WorkerCount = Annotated[int, Between(1, MOST_WORKERS)]
Share = Annotated[float, Between(0, 1)]
#: A number that a series holds.
Value = Annotated[float, Between(-MOST_VALUE, MOST_VALUE)]
