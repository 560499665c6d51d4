"""How a run is ended from outside: Ctrl-C, SIGTERM, and SIGHUP, by which a terminal that is closed says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: The signals that end a run in an orderly way.
ENDING: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupts:
    """The signals that end a run, held back while an event is passed on, so that every reporter hears the whole of it.

    One that was ignored when the run began stays ignored: that is what ``nohup`` and a shell's background ask for.
    """

    def __init__(self) -> None:
        self.pending = False
        self._holding = False

    def arrived(self, *_: object) -> None:
        """Interrupt the engine now, or as soon as it has its turn again; the second one does not wait."""
        if self._holding and not self.pending:
            self.pending = True
            return
        raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold an interrupt back for the length of a block."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False


@contextmanager
def handled(handler: Callable[..., object]) -> Iterator[None]:
    """Have a handler called for each signal that ends a run, for the length of a block in the main thread.

    Those that are ignored, or belong to a handler that no Python code set, are left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    ours = {number: was for number, was in before.items() if was not in (signal.SIG_IGN, None)}
    try:
        for number in ours:
            signal.signal(number, handler)
        yield
    finally:
        for number, was in ours.items():
            signal.signal(number, was)
