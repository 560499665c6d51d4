"""A few threads that carry out tasks; they wait for their workers nearly always."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from queue import PriorityQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: The place in the queue of what ends a thread: behind every task.
_LAST: Final = 2**62


class Threads:
    """So many daemon threads: those of :class:`concurrent.futures.ThreadPoolExecutor` keep a process that would end."""

    def __init__(self, number: int) -> None:
        self._tasks: PriorityQueue[tuple[int, int, Future[Any], Callable[[], Any]]] = PriorityQueue()
        self._numbers = count()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Callable[[], T], order: int = 0) -> Future[T]:
        """Carry a task out after those of a lower order, and after those of the same order that were there before."""
        future: Future[T] = Future()
        self._tasks.put((order, next(self._numbers), future, task))
        return future

    def close(self, limit: float) -> None:
        """End the threads when no task is left, and wait up to ``limit`` seconds for that."""
        for _ in self._threads:
            self.submit(_end_thread, _LAST)
        deadline = time.monotonic() + limit
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            _, _, future, task = self._tasks.get()
            if task is _end_thread:
                return
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as error:  # noqa: BLE001 (raised again where the result is asked for)
                    future.set_exception(error)


def _end_thread() -> None:
    """Stand in the queue for the end of a thread."""
