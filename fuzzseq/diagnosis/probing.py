"""Whoever can say how a changed case ends, and how often they may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fuzzseq.case import Case
from fuzzseq.outcome import LayerCall, Verdict


class Spent(Exception):
    """No more cases may be asked for."""


class Prober(Protocol):
    """Whoever can say how a changed case ends; each method may raise :class:`Spent`."""

    @property
    def executions(self) -> int:
        """How many executions were spent so far."""

    def answer(self, case: Case) -> str:
        """Return ``passes``, ``same`` or ``other``."""

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case."""

    def trace(self, case: Case) -> tuple[LayerCall, ...]:
        """Return the layers that ran in a case, in order, the last one where it raised."""

    def seen(self) -> Sequence[tuple[Case, str]]:
        """Return every case that was asked for, with its answer."""


class Budget:
    """A prober that may be asked so many times: what was asked before costs nothing."""

    def __init__(self, prober: Prober, most: int, *, kept: int = 0) -> None:
        """Begin with nothing spent; ``kept`` of the executions are out of reach until they are released."""
        self._prober, self._most, self._kept = prober, most, kept
        self._began = prober.executions

    def release(self) -> None:
        """Give what was kept out of reach."""
        self._kept = 0

    @property
    def executions(self) -> int:
        """How many executions were spent."""
        return self._prober.executions - self._began

    def answer(self, case: Case) -> str:
        """Return how a case ends."""
        self._check()
        return self._prober.answer(case)

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case."""
        self._check()
        return self._prober.verdict(case)

    def trace(self, case: Case) -> tuple[LayerCall, ...]:
        """Return the layers that ran in a case."""
        self._check()
        return self._prober.trace(case)

    def seen(self) -> Sequence[tuple[Case, str]]:
        """Return every case that was asked for."""
        return self._prober.seen()

    def _check(self) -> None:
        """Raise :class:`Spent` where no execution is left."""
        if self.executions >= self._most - self._kept:
            raise Spent
