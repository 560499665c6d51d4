"""Whoever can say how a changed case ends, and how often they may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fuzzseq.cases.case import Case
from fuzzseq.findings import Answer
from fuzzseq.protocol.outcome import Outcome, Verdict
from fuzzseq.protocol.serialization import dumps


class Spent(Exception):
    """No more cases may be asked for."""


class Prober(Protocol):
    """Whoever can say how a changed case ends; each method may raise :class:`Spent`."""

    def answer(self, case: Case) -> Answer:
        """Return how a case ends."""

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case."""

    def trace(self, case: Case) -> Outcome:
        """Return how a case ends, with the layers that ran, and what was given to the operation that raised."""


class Budget:
    """A prober that may be asked for so many cases, and remembers them.

    What shrinking happened to execute before is no part of it: else the same case would be reported in another way when
    it is known from another run.
    """

    def __init__(self, prober: Prober, most: int, *, kept: int = 0) -> None:
        """Begin with nothing spent; ``kept`` of the executions are out of reach until they are released."""
        self._prober, self._most, self._kept = prober, most, kept
        self._asked: dict[str, tuple[Case, Answer]] = {}
        self._traces = 0

    @property
    def executions(self) -> int:
        """How many executions were spent, those included that somebody else had made before."""
        return len(self._asked) + self._traces

    def release(self) -> None:
        """Give what was kept out of reach."""
        self._kept = 0

    def answer(self, case: Case) -> Answer:
        """Return how a case ends."""
        key = dumps(case)
        if key not in self._asked:
            self._check()
            self._asked[key] = (case, self._prober.answer(case))
        return self._asked[key][1]

    def verdict(self, case: Case) -> Verdict | None:
        """Return the failed verdict of a case."""
        self.answer(case)
        return self._prober.verdict(case)

    def trace(self, case: Case) -> Outcome:
        """Return how a case ends, with the layers that ran, and what was given to the operation that raised."""
        self._check()
        self._traces += 1
        return self._prober.trace(case)

    def seen(self) -> Sequence[tuple[Case, Answer]]:
        """Return every case that was asked for, with its answer."""
        return list(self._asked.values())

    def _check(self) -> None:
        if self.executions >= self._most - self._kept:
            raise Spent
