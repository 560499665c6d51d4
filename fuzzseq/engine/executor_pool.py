"""The executors of one target: as many as are needed at once, those that are not in use with the models they hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fuzzseq.executors.executor import Executor


class ExecutorPool:
    """Lends executors to the threads that work on one target."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        """Begin with none; ``make`` gives one more."""
        self._make = make
        self._idle: list[Executor] = []
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def acquire(self) -> Iterator[Executor]:
        """Lend an executor, the one that was given back last before any other: its models are the likeliest wanted."""
        with self._lock:
            executor = self._idle.pop() if self._idle else None
        executor = executor or self._make()
        try:
            yield executor
        finally:
            with self._lock:
                if not self._closed:
                    self._idle.append(executor)
            if self._closed:
                executor.close()

    @contextmanager
    def acquire_fresh(self) -> Iterator[Executor]:
        """Lend a fresh executor that nobody else is given."""
        executor = self._make()
        try:
            yield executor
        finally:
            executor.close()

    def close(self) -> None:
        """End those that are not in use; the others end when they are given back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for executor in idle:
            executor.close()
