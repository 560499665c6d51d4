"""What an object that is not ours says it is: a user's exception may raise when it is asked."""

from __future__ import annotations

from typing import Any, Final

#: How much of a text is looked at, in characters.
LONGEST_TEXT: Final = 100_000
_LONGEST_NAME: Final = 200
_name: Any = type.__dict__["__name__"]


def text_of(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return what an object says it is, whatever its ``__str__`` does, without the middle of a long text.

    A ``__str__`` that ends the process, or never comes back, does what the model would do to its user.
    """
    try:
        # Cut as str cuts: a subclass of it may do anything there, and this gives a plain one.
        text = str.__getitem__(str(value), slice(None))
    except BaseException as error:  # noqa: BLE001 (whatever it raises is why it says nothing)
        return f"(no text: its __str__ raised {name_of(type(error))})"
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}\n...\n{text[-half:]}"


def name_of(kind: type) -> str:
    """Return the name of a class, whatever its metaclass makes of ``__name__``."""
    return str(_name.__get__(kind))[:_LONGEST_NAME]
