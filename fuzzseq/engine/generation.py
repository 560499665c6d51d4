"""Random cases: Hypothesis generates, and nothing else of it runs in a campaign."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning, Unsatisfiable
from hypothesis.internal.conjecture import providers

from fuzzseq.cases.boundary import first_setting
from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import modes
from fuzzseq.checks.base import Check
from fuzzseq.strategies import cases, dimension_sizes
from fuzzseq.targets.spec import Spec

T = TypeVar("T")

#: How many cases share one setting of the build at least.
CASES_A_SETTING: Final = 30
#: How many traced runs of a case a build and its traces are worth, and how many such runs a thorough check asks for.
_WORTH: Final = 800
_THOROUGH: Final = 3
_BACKEND: Final = "fuzzseq"
#: Targets are drawn for in threads, and filters of warnings belong to the whole process.
WARNING_FILTERS: Final = threading.Lock()


#: What this provider keeps, where Hypothesis keeps anything.
_CONSTANTS: Any = type(providers.CONSTANTS_CACHE)(1024) if hasattr(providers, "CONSTANTS_CACHE") else None


class ReproducibleProvider(providers.HypothesisProvider):
    """Hypothesis' own provider, without the constants that it mines from whatever modules happen to be loaded.

    With them one seed would draw other cases in pytest than on the command line. What it mined for other tests of the
    process it keeps for all providers: this one keeps its own.
    """

    def _maybe_draw_constant(self, *args: Any, **kwargs: Any) -> Any:
        kept = providers.CONSTANTS_CACHE
        providers.CONSTANTS_CACHE = _CONSTANTS
        try:
            return super()._maybe_draw_constant(*args, **kwargs)
        finally:
            providers.CONSTANTS_CACHE = kept

    @property
    def _local_constants(self) -> Any:
        return type(providers._local_constants)()  # noqa: SLF001 (there is no public switch)


def draw(strategy: st.SearchStrategy[T], count: int, number: int) -> list[T]:
    """Return up to ``count`` values of a strategy, the same for one seed ``number`` wherever they are drawn."""
    drawn: list[T] = []
    providers.AVAILABLE_PROVIDERS[_BACKEND] = f"{__name__}.ReproducibleProvider"

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        backend=_BACKEND,
    )
    @given(strategy)
    def collect(value: T) -> None:
        if len(drawn) < count:
            drawn.append(value)

    with WARNING_FILTERS, warnings.catch_warnings(), suppress(Unsatisfiable):
        warnings.simplefilter("ignore", HypothesisWarning)
        collect()
    return drawn


def cases_in_round(round_: int, checks: Sequence[Check]) -> int:
    """Return how many cases of one setting a round has: the cheaper a case is, the longer a build has to last.

    The first rounds are short whatever a case costs, so that a short run sees several settings.
    """
    runs = sum(_THOROUGH if check.expensive else 1 for check in checks)
    lasting = max(CASES_A_SETTING, _WORTH // max(1, runs))
    return min(lasting, CASES_A_SETTING << max(0, round_ - 1))


def random_cases(
    spec: Spec, seed_: int, round_: int, count: int = CASES_A_SETTING, *, traced: bool = True
) -> list[Case]:
    """Return the cases of one round: a setting of the build, and up to ``count`` cases on it.

    The first round stays on the setting of the boundary cases, which is built and traced by then. The first case of
    another setting runs eagerly, while nothing is traced yet; the others run ``traced``, where the model can be.
    """
    number = (seed_ * 1_000_003 + round_) % 2**32
    # The first value that Hypothesis draws is the smallest; the last is as random as any.
    setting = [first_setting(spec.contract)] if round_ == 0 else draw(dimension_sizes(spec.contract), 4, number)[-1:]
    if not setting or setting[0] is None:
        return []
    found = draw(cases(spec.contract, dimensions=setting[0], seed=seed_), count, number + 1)
    usual = modes(spec.contract)[-1] if traced else "eager"
    return [attrs.evolve(case, mode=usual if index or not round_ else "eager") for index, case in enumerate(found)]
