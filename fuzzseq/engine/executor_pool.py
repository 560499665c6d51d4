"""What is lent to the work on targets: a loaded file to all of its targets, and executors to the threads of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from fuzzseq.executors.executor import Executor
from fuzzseq.executors.launcher import LoadedProgram


class ExecutorPool:
    """Lends executors to the threads that work on one target."""

    def __init__(self, make: Callable[[], Executor]) -> None:
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

    def acquire_fresh(self) -> AbstractContextManager[Executor]:
        """Lend a fresh executor that nobody else is given."""
        return closing(self._make())

    def close(self) -> None:
        """End those that are not in use; the others end when they are given back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for executor in idle:
            executor.close()


class SharedFile:
    """A loaded file and how many of its targets are still to be fuzzed; it is closed after the last."""

    def __init__(self, program: LoadedProgram, targets: int) -> None:
        self.program, self._left, self._lock = program, targets, threading.Lock()

    def done(self) -> None:
        """Take note that one target is done."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.program.close()
