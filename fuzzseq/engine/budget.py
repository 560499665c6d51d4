"""The time of a run, shared out over its targets: a slow one takes none of what the others are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf


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
        """Count what has passed for the targets that are worked on."""
        now = self._now()
        for target in self._taken:
            self._taken[target] += (now - self._last) / len(self._taken)
        self._last = now
