"""The calls of layers in the order in which they began."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import attrs

from fuzzseq.protocol.outcome import LayerCall
from fuzzseq.worker.instrumentation.recording import shapes
from fuzzseq.worker.keras_api.objects import Nest

T = TypeVar("T")
#: More calls of layers than a person reads.
_MOST_CALLS: Final = 400


class CallTrace:
    """The calls of layers since the last batch began, where they are kept."""

    def __init__(self) -> None:
        self._calls: list[LayerCall] | None = None
        self._open: list[int] = []

    @contextmanager
    def kept(self) -> Iterator[Callable[[], tuple[LayerCall, ...]]]:
        """Keep the calls of layers for the length of a block; what is given returns those since the last restart."""
        self._calls = []
        try:
            yield lambda: tuple(self._calls or ())
        finally:
            self._calls = None

    def restart(self) -> None:
        """Forget the calls so far: another batch begins."""
        if self._calls is not None:
            self._calls.clear()

    def call(self, path: Callable[[], str], kind: str, inputs: Nest, function: Callable[[], T]) -> T:
        """Return what a function gives; where calls are kept, as the call of a layer."""
        calls = self._calls
        if calls is None or len(calls) >= _MOST_CALLS:
            return function()
        call = LayerCall(path=path(), kind=kind, inputs=shapes(inputs))
        # Keras calls a layer that it has to build with symbols first, and goes on when that raises.
        # Only what has come since the call around this one began can be that.
        since = self._open[-1] + 1 if self._open else 0
        repeated = next((i for i, other in enumerate(calls) if i >= since and other == call), None)
        if repeated is not None:
            del calls[repeated:]
        place = len(calls)
        calls.append(call)
        self._open.append(place)
        try:
            result = function()
        finally:
            self._open.pop()
        if place < len(calls):
            calls[place] = attrs.evolve(call, outputs=shapes(result))
            if calls[place] in calls[:place]:
                del calls[place:]  # A cell that runs once a step is kept once.
        return result
