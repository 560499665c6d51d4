"""Foreign text in Markdown: it is shown as it is, and nothing in it is a link, a mention, a tag or a table."""

from __future__ import annotations

import re
from typing import Final

from fuzzseq.sanitize import clean, inert, shortened

_MARKS: Final = re.compile(r"[\\`*_\[\]<>&|~$#]")
#: What makes an address a link by itself, and a line more than text by how it begins.
_ADDRESS: Final = re.compile(r"(?<=http)s?:|(?<=ftp):|(?<=www)\.", re.IGNORECASE)
_BEGINNING: Final = re.compile(r"^(?:[-+=]|\d+[.)])")


def prose(text: str, limit: int = 1200) -> str:
    """Return text as a paragraph of plain words, with every mark escaped."""
    plain = _MARKS.sub(lambda mark: f"\\{mark[0]}", shortened(text, limit))
    plain = _ADDRESS.sub(lambda part: f"{part[0][:-1]}\\{part[0][-1]}", plain)
    plain = _BEGINNING.sub(lambda part: f"{part[0][:-1]}\\{part[0][-1]}", plain)
    # An empty comment keeps a name from being mentioned, and is not there when the text is copied.
    return plain.replace("@", "@<!-- -->")


def code(text: str, limit: int = 300) -> str:
    """Return text as code in a line; empty for no text."""
    said = shortened(text, limit)
    if not said:
        return ""
    mark = "`" * (_longest(said) + 1)
    # One blank on each side belongs to the marks.
    room = " " if "`" in (said[0], said[-1]) else ""
    return f"{mark}{room}{said}{room}{mark}"


def cell(text: str) -> str:
    """Return code that stands in a table."""
    return text.replace("|", "\\|")


def fenced(text: str, language: str = "text") -> str:
    """Return text as a block of code, which is no command where it is printed."""
    said = inert(clean(text)).strip("\n")
    mark = "`" * max(3, _longest(said) + 1)
    return f"{mark}{language}\n{said}\n{mark}"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
