"""Jobs carried out in threads, what they yield passed on as it comes. A thread waits for its worker nearly always."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Final, Union

from fuzzseq.events import Event

#: A job yields events, and further jobs, which take their turn before those that were there already.
Job = Callable[[], Iterator[Union[Event, "Job"]]]

#: Seconds to wait for threads whose processes are gone.
_PATIENCE: Final = 10.0


class Together:
    """Jobs after all of which another one comes: the last of them to end yields it."""

    def __init__(self, then: Job) -> None:
        """Begin with no job."""
        self._then = then
        self._left = 0
        self._lock = threading.Lock()

    def add(self, job: Job) -> Job:
        """Return a job that is one of these; more may be added as long as one of them has not ended."""
        with self._lock:
            self._left += 1

        def counted() -> Iterator[Event | Job]:
            yield from job()
            with self._lock:
                self._left -= 1
                last = not self._left
            if last:
                yield self._then

        return counted


class Crew:
    """Carries out jobs, as many at once as it has members; a crew of one works in the caller's own thread."""

    def __init__(self, members: int, stop: threading.Event | None = None) -> None:
        """Begin with nothing to do; once ``stop`` is set, :meth:`work` raises ``KeyboardInterrupt``.

        A crew that can be stopped works in threads, however few it has: a job says nothing for as long as it likes.
        """
        self._members, self._stop = members, stop or threading.Event()
        self._in_threads = members > 1 or stop is not None
        self._todo: deque[Job] = deque()
        self._busy, self._dropped = 0, False
        self._changed = threading.Condition()
        self._told: SimpleQueue[Event | BaseException | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def work(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield what the jobs yield; the first exception of a job is raised here."""
        for told in self._worked(jobs):
            if isinstance(told, BaseException):
                raise told
            if told is not None:
                yield told
            if self._stop.is_set():
                raise KeyboardInterrupt

    def _worked(self, jobs: Sequence[Job]) -> Iterator[Event | BaseException | None]:
        """Yield what the jobs yield, what is raised in a thread, and None where nothing comes for a while."""
        self._todo.extend(jobs)
        if not self._in_threads:
            while self._todo:
                yield from self._carried_out(self._todo.popleft())
            return
        self._threads = [threading.Thread(target=self._member, daemon=True) for _ in range(self._members)]
        for thread in self._threads:
            thread.start()
        yield from self._heard()

    def rest(self) -> Iterator[Event]:
        """Yield what is still told, until every thread is done; what is raised now is no news."""
        yield from (told for told in self._heard() if told is not None and not isinstance(told, BaseException))

    def _heard(self) -> Iterator[Event | BaseException | None]:
        """Yield what the threads tell until all of them are done, and None where nothing comes for a while."""
        while any(thread.is_alive() for thread in self._threads) or not self._told.empty():
            try:
                yield self._told.get(timeout=0.5)
            except Empty:
                yield None

    def dismiss(self) -> None:
        """Begin no further job, and wait for those that were begun."""
        self.drop()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def drop(self) -> None:
        """Begin no further job, of those that wait and of those that are still to be yielded."""
        with self._changed:
            self._dropped = True
            self._todo.clear()

    def _member(self) -> None:
        """Carry out jobs until there are none and none can come."""
        while (job := self._next()) is not None:
            try:
                for event in self._carried_out(job):
                    self._told.put(event)
            except BaseException as error:  # noqa: BLE001 (raised again where the events are read)
                self._told.put(error)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
        self._told.put(None)

    def _next(self) -> Job | None:
        """Wait for a job; None where no job is left and nobody is busy with one that could yield more."""
        with self._changed:
            while not self._todo:
                if not self._busy:
                    return None
                self._changed.wait()
            self._busy += 1
            return self._todo.popleft()

    def _carried_out(self, job: Job) -> Iterator[Event]:
        """Yield the events of a job, and keep the jobs that it yields for their turn."""
        following: list[Job] = []
        for told in job():
            if callable(told):
                following.append(told)
            else:
                yield told
        with self._changed:
            if not self._dropped:
                self._todo.extendleft(reversed(following))
            self._changed.notify_all()
