"""Foreign text in Python that is written: values as literals, names that are names, and text that stays a docstring."""

from __future__ import annotations

import keyword
import math
import re
import unicodedata

from fuzzseq.sanitize import clean


def literal(value: object) -> str:
    """Return plain data as the Python that makes it: in ASCII, in double quotes where it has none of its own.

    Raises :class:`TypeError` for what is no text, number, list, tuple or dictionary of these.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"
    if value is not None and type(value) not in (str, int, float, bool):
        raise TypeError(f"{type(value).__name__} cannot be written as a literal")
    text = ascii(value)
    return text if '"' in text or "\\" in text else text.replace("'", '"')


def is_name(text: str) -> bool:
    """Say whether text is a name as Python reads it: an identifier in its normal form, and no keyword."""
    return text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text


def is_dotted(text: str) -> bool:
    """Say whether text is a name, or several with dots between them."""
    return all(map(is_name, text.split(".")))


def name_of(text: str) -> str:
    """Return a name that begins as a text does; another text may have the same."""
    return re.sub(r"[^0-9A-Za-z_]", "_", text)


def argument(name: str, value: str) -> str:
    """Return an argument of a call by its name, whatever that is; ``value`` is Python already."""
    return f"{name}={value}" if is_name(name) else f"**{{{literal(name)}: {value}}}"


def documented(text: str) -> str:
    """Return text to stand between the quotes of a docstring, which does not end in it; a line follows."""
    return clean(text).replace("\\", "\\\\").replace('"""', "'''")
