"""How the tests of strategies look for values: one that exists, the smallest one, and many."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

# Without the constants that Hypothesis mines from modules: what is found depends on no other test of the process.
providers.AVAILABLE_PROVIDERS["reproducible"] = "fuzzseq.engine.generation.ReproducibleProvider"
QUIET = settings(
    database=None,
    deadline=None,
    max_examples=2_000,
    suppress_health_check=list(HealthCheck),
    backend="reproducible",
)


@pytest.fixture
def minimal() -> Callable[..., Any]:
    """Return a function that finds a value with a property, and shrinks it."""

    def search(strategy: SearchStrategy[Any], holds: Callable[[Any], bool] = lambda _: True) -> Any:
        return find(strategy, holds, settings=QUIET, random=Random(0))

    return search


@pytest.fixture
def find_any() -> Callable[..., Any]:
    """Return a function that finds some value with a property among a few hundred, or fails."""

    def search(strategy: SearchStrategy[Any], holds: Callable[[Any], bool]) -> Any:
        quick = settings(QUIET, max_examples=400, phases=[Phase.generate])
        return find(strategy, holds, settings=quick, random=Random(0))

    return search


@pytest.fixture
def sample() -> Callable[..., list[Any]]:
    """Return a function that draws many values, the same ones each time."""

    def draw(strategy: SearchStrategy[Any], count: int = 400) -> list[Any]:
        drawn: list[Any] = []

        @settings(QUIET, max_examples=count, phases=[Phase.generate], derandomize=True)
        @given(strategy)
        def collect(value: Any) -> None:
            drawn.append(value)

        collect()
        return drawn

    return draw
