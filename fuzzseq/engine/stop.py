"""What stops a run and its targets: time, enough errors, an interrupt, an error of fuzzseq itself; in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf
from typing import TypeVar

from fuzzseq.stop_reason import StopReason

T = TypeVar("T")


class Stopped(Exception):
    """The run was broken off, or an error has ended the target: nobody waits for what is at work."""


class TimeBudget:
    """Says when a target has had its part of a run's time.

    The time that is left belongs in equal parts to the targets that are not done, what they have taken already
    included; what one does not need falls to the others. Targets that are worked on at once take it in equal parts.
    """

    def __init__(self, budget: float | None, targets: int, now: Callable[[], float] = time.monotonic) -> None:
        """Begin now, with ``budget`` seconds (None for any number) for so many targets, of which none has begun."""
        self._now, self._left = now, targets
        self._last = now()
        self._end = None if budget is None else self._last + budget
        self._taken: dict[str, float] = {}
        self._lock = threading.Lock()

    def expect(self, more: int) -> None:
        """Count more targets, or fewer: a file has turned out to hold so many, or one cannot be used."""
        with self._lock:
            self._left += more

    def begin(self, target: str) -> None:
        """Take note that a target is worked on."""
        with self._lock:
            self._pass()
            self._taken[target] = 0.0

    def end(self, target: str) -> None:
        """Take note that a target is done."""
        with self._lock:
            self._pass()
            if self._taken.pop(target, None) is not None:
                self._left -= 1

    def remaining(self) -> float:
        """Return the seconds that the run has left; infinitely many where it may take any."""
        return inf if self._end is None else self._end - self._now()

    def over(self, target: str) -> bool:
        """Say whether a target that is worked on has had its part."""
        if self._end is None:
            return False
        with self._lock:
            self._pass()
            due = (self._end - self._last + sum(self._taken.values())) / max(self._left, 1)
            return self._last >= self._end or self._taken.get(target, 0.0) >= due

    def _pass(self) -> None:
        now = self._now()
        for target in self._taken:
            self._taken[target] += (now - self._last) / len(self._taken)
        self._last = now


class RunControl:
    """What stops a run as a whole, and why its parts have stopped."""

    def __init__(self, budget: TimeBudget) -> None:
        self.budget = budget
        self._reasons: list[StopReason] = []
        #: Whether every process is ended: what is at work ends, and what is raised from then on is no news.
        self.broken_off = False

    @property
    def reason(self) -> StopReason:
        """Why the run has stopped: of the reasons of its parts the one that says most."""
        return StopReason.of_parts(self._reasons)

    def add(self, *reasons: StopReason) -> None:
        """Count reasons why a part of the run, or all of it, has stopped."""
        self._reasons.extend(reasons)

    def check(self) -> None:
        """Raise :class:`Stopped` where the run was broken off."""
        if self.broken_off:
            raise Stopped


class TargetControl:
    """What stops the work on one target; its threads ask before each execution."""

    def __init__(self, run: RunControl, target: str, max_failures: int | None) -> None:
        """Begin with no reason; ``max_failures`` findings of severity error are enough."""
        self._run, self._target, self._max_failures = run, target, max_failures
        self.reason = StopReason.COMPLETED
        self.error: Exception | None = None
        #: How many findings of severity error there are.
        self.errors = 0

    def out_of_time(self) -> bool:
        """Say whether the target has had its part of the time of the run; raises :class:`Stopped`."""
        self._run.check()
        if self.error is not None:
            raise Stopped
        return self._run.budget.over(self._target)

    def enough_errors(self) -> bool:
        """Say whether as many errors were found as the run asks for at most."""
        return self._max_failures is not None and self.errors >= self._max_failures

    def should_stop(self) -> bool:
        """Say whether no more cases are to be tried, and remember why; raises :class:`Stopped`."""
        out_of_time = self.out_of_time()
        if not out_of_time and not self.enough_errors():
            return False
        self.reason = StopReason.BUDGET if out_of_time else StopReason.MAX_FAILURES
        return True

    def guard(self, task: Callable[[], T]) -> T:
        """Carry out a task; where it fails, the other threads that work on the target end."""
        try:
            return task()
        except Exception as error:
            self.abort(error)
            raise

    def abort(self, error: Exception) -> None:
        """Have all threads that work on the target end, and keep the error where it is the first."""
        self.error = self.error or error
