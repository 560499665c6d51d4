"""How large the house may be: what was reached is held, and goes down."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.house import sizes


def test_the_house_stays_as_small_as_it_is() -> None:
    """Lines, ``Any``, private functions used once, and the lengths of functions and modules stay below their bounds."""
    house = sizes()["all"]
    assert house.lines <= 34_500
    assert house.anys <= 165
    assert house.once / house.private <= 0.47
    assert median(house.functions) <= 10
    assert median(house.modules) <= 120
