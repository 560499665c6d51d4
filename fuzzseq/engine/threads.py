"""The threads of a run, and the events that they hand over to the one generator of the campaign."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import count
from queue import Empty, PriorityQueue, SimpleQueue
from typing import Any, Final, TypeVar

from fuzzseq.engine.stop import Stopped
from fuzzseq.events import Event

T = TypeVar("T")

#: How many events may wait to be read before those who emit more wait as well.
MOST_UNREAD: Final = 1000
#: The place in the queue of what ends a thread: behind every task.
_LAST: Final = 2**62
#: Seconds between two looks whether somebody else has interrupted the run.
_LOOK: Final = 0.5


class Threads:
    """So many daemon threads: those of :class:`concurrent.futures.ThreadPoolExecutor` keep a process that would end."""

    def __init__(self, number: int) -> None:
        self._tasks: PriorityQueue[tuple[int, int, Future[Any], Callable[[], Any] | None]] = PriorityQueue()
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
            self._tasks.put((_LAST, next(self._numbers), Future(), None))
        deadline = time.monotonic() + limit
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while True:
            _, _, future, task = self._tasks.get()
            if task is None:
                return
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as error:  # noqa: BLE001 (raised again where the result is asked for)
                    future.set_exception(error)


class EventStream:
    """A queue of events: a reader that is slow or blocked keeps no thread, unless too many events are unread.

    Once released, nobody waits for the reader any more.
    """

    def __init__(self, most: int = MOST_UNREAD) -> None:
        self._items: SimpleQueue[Event | Callable[[], None] | BaseException | None] = SimpleQueue()
        self._room = threading.Semaphore(most)
        self._released: Future[None] = Future()

    def emit(self, event: Event) -> None:
        """Hand an event over."""
        self._room.acquire()
        if self._released.done():
            self._room.release()  # For the next who waits.
        self._items.put(event)

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the reader's thread; raises :class:`Stopped` once nobody reads."""
        answer: Future[T] = Future()

        def carry_out() -> None:
            try:
                answer.set_result(function())
            except Exception as error:  # noqa: BLE001 (raised again where the function was handed over)
                answer.set_exception(error)

        self._items.put(carry_out)
        futures: list[Future[Any]] = [answer, self._released]
        wait(futures, return_when=FIRST_COMPLETED)
        if not answer.done():
            raise Stopped
        return answer.result()

    def fail(self, error: BaseException) -> None:
        """Raise an error where the events are read."""
        self._items.put(error)

    def end(self) -> None:
        """Say that no more events come."""
        self._items.put(None)

    def release(self) -> None:
        """Let everybody go on who waits, now and later, and carry out no more functions."""
        if not self._released.done():
            self._released.set_result(None)
            self._room.release()

    def read(self, interrupt: threading.Event | None = None) -> Iterator[Event]:
        """Yield events until their end; raises ``KeyboardInterrupt`` once ``interrupt`` is set, and what has failed."""
        while True:
            try:
                item = self._items.get(timeout=_LOOK)
            except Empty:
                pass
            else:
                if item is None:
                    return
                if isinstance(item, BaseException):
                    if not self._released.done():
                        raise item
                elif callable(item):
                    if not self._released.done():
                        item()
                else:
                    self._room.release()
                    yield item
            if interrupt is not None and interrupt.is_set():
                raise KeyboardInterrupt
