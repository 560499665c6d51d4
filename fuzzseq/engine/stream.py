"""The events of a run: any thread emits them, and the one generator of the campaign yields them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from fuzzseq.engine.stop import Stopped
from fuzzseq.events import Event

T = TypeVar("T")

#: Seconds between two looks whether somebody else has interrupted the run.
_LOOK: Final = 0.5


class EventStream:
    """Hands events over: whoever emits one goes on when the reader asks for the next, and has written it down by then.

    Once released, nobody waits for the reader any more.
    """

    def __init__(self) -> None:
        self._items: SimpleQueue[tuple[Event | Callable[[], Any] | BaseException | None, Future[Any]]] = SimpleQueue()
        self._released: Future[None] = Future()

    def emit(self, event: Event) -> None:
        """Hand an event over."""
        wait([self._put(event), self._released], return_when=FIRST_COMPLETED)

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the reader's thread; raises :class:`Stopped` once nobody reads."""
        answer = self._put(function)
        wait([answer, self._released], return_when=FIRST_COMPLETED)
        if not answer.done():
            raise Stopped
        result: T = answer.result()
        return result

    def fail(self, error: BaseException) -> None:
        """Raise an error where the events are read."""
        self._put(error)

    def end(self) -> None:
        """Say that no more events come."""
        self._put(None)

    def release(self) -> None:
        """Let everybody go on who waits, now and later, and carry out no more functions."""
        if not self._released.done():
            self._released.set_result(None)

    def read(self, interrupt: threading.Event | None = None) -> Iterator[Event]:
        """Yield events until their end; raises ``KeyboardInterrupt`` once ``interrupt`` is set, and what has failed."""
        while True:
            try:
                item, done = self._items.get(timeout=_LOOK)
            except Empty:
                pass
            else:
                if item is None:
                    return
                if isinstance(item, BaseException):
                    if not self._released.done():
                        raise item
                elif callable(item):
                    self._carry_out(item, done)
                else:
                    try:
                        yield item
                    finally:
                        done.set_result(None)
            if interrupt is not None and interrupt.is_set():
                raise KeyboardInterrupt

    def _put(self, item: Event | Callable[[], Any] | BaseException | None) -> Future[Any]:
        done: Future[Any] = Future()
        self._items.put((item, done))
        return done

    def _carry_out(self, function: Callable[[], Any], done: Future[Any]) -> None:
        if self._released.done():
            return
        try:
            done.set_result(function())
        except Exception as error:  # noqa: BLE001 (raised again where the function was handed over)
            done.set_exception(error)
