"""The arguments of strategies: what cannot hold raises, showing the value."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis.errors import InvalidArgument


def check_range(low: object, high: object, names: str, least: int) -> None:
    """Raise for bounds, called ``min_{names}`` and ``max_{names}``, that hold no whole number of at least ``least``."""
    for end, value in (("min", low), ("max", high)):
        check_integer(f"{end}_{names}", value, least)
    if low > high:  # type: ignore[operator]  # both were found to be whole numbers
        raise InvalidArgument(f"Cannot have max_{names}={high!r} < min_{names}={low!r}")


def check_integer(name: str, value: object, least: int) -> None:
    """Raise for an argument that is no whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(f"Expected a whole number but got {name}={value!r} (type={type(value).__name__})")
    if value < least:
        raise InvalidArgument(f"Invalid {name}={value!r}: it is at least {least}")


def check_choices(name: str, values: Sequence[object], known: Sequence[object]) -> None:
    """Raise for a sequence that is empty or holds something unknown."""
    if isinstance(values, str) or not values or any(value not in known for value in values):
        listed = ", ".join(map(repr, known))
        raise InvalidArgument(f"Invalid {name}={values!r}: it holds one or more of {listed}")
