"""Text that comes from a model, made fit to be printed."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def clean(text: str) -> str:
    """Return text without escape sequences; what cannot be printed becomes a question mark, a tab four spaces."""
    plain = _ESCAPES.sub("", text).expandtabs(4).replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in plain)


def cut(text: str, limit: int) -> str:
    """Return text of at most ``limit`` characters; what is left out shows as three dots."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)].rstrip() + "..."


def shortened(text: str, limit: int) -> str:
    """Return foreign text as one paragraph of at most ``limit`` characters."""
    return cut(" ".join(clean(text).split()), limit)
