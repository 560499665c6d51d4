"""Executions that are remembered one by one: a run that is killed at any moment executes nothing twice."""

from __future__ import annotations

import hashlib
from typing import Protocol

from fuzzseq.executors.executor import Executor
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.serialization import dumps
from fuzzseq.targets.spec import Spec


class Journal(Protocol):
    """Keeps the outcomes of executions since the last checkpoint of each target; ``place`` tells the targets apart."""

    def recall(self, place: int, key: str) -> Outcome | None:
        """Return the next outcome that an earlier part of the run had under a key, and drop it; None for no more."""

    def keep(self, place: int, key: str, outcome: Outcome) -> None:
        """Keep the outcome of an execution."""


class Forgetful:
    """The journal of a run that nobody will resume."""

    def recall(self, place: int, key: str) -> Outcome | None:  # noqa: ARG002 (as the Protocol names them)
        """Return None."""
        return None

    def keep(self, place: int, key: str, outcome: Outcome) -> None:
        """Keep nothing."""


class Journaled:
    """An executor whose outcomes are kept, and that has an execution of an earlier part of the run no second time.

    What a run asks follows from what was answered before: with the same answers it asks the same again, up to where it
    was killed. Two equal requests are two executions (one of them may confirm the other), and are recalled in turn.
    """

    def __init__(self, executor: Executor, journal: Journal, place: int, target: str, spec: Spec) -> None:
        """Keep the outcomes of ``executor`` for a target; those of another Spec are not its own."""
        self._executor, self._journal, self._place = executor, journal, place
        self._own = hashlib.sha256(f"{target}\0{dumps(spec)}".encode())

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request within ``limit`` seconds, or recall the answer."""
        own = self._own.copy()
        own.update(f"\0{limit}\0{dumps(request)}".encode())
        key = own.hexdigest()[:24]
        outcome = self._journal.recall(self._place, key)
        if outcome is None:
            outcome = self._executor.run(request, limit)
            self._journal.keep(self._place, key, outcome)
        return outcome

    def renew(self) -> None:
        """Go on with a fresh worker."""
        self._executor.renew()

    def close(self) -> None:
        """Leave no process behind."""
        self._executor.close()
