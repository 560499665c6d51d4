"""Hands each event to each reporter."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from fuzzseq.errors import OutputError
from fuzzseq.events import Event, InternalError, Reporter, WarningEmitted
from fuzzseq.machine import trouble_of
from fuzzseq.reporting.run_state import RunState


class Dispatcher:
    """Hands an event to a record and then to every reporter; one that fails keeps it from none of the others.

    What they hear is fit to be shown: the record has seen to it.
    """

    def __init__(self, record: RunState, reporters: Sequence[Reporter]) -> None:
        self.record = record
        self._reporters = list(reporters)
        self._failed: list[Reporter] = []

    def on_event(self, event: Event, at: float | None = None) -> None:
        """Pass one event on, which happens now, or ``at`` so many seconds after the run began."""
        event = self.record.on_event(event, at)
        for reporter in tuple(self._reporters):
            try:
                reporter.on_event(event)
            except BrokenPipeError:
                self._reporters.remove(reporter)
            except Exception as error:  # noqa: BLE001 (one reporter must not silence the others)
                if reporter not in self._failed:
                    self._failed.append(reporter)
                    if trouble := str(error) if isinstance(error, OutputError) else trouble_of(error):
                        self.record.misuses.append(trouble)
                        self.on_event(WarningEmitted(target="", message=trouble))
                        continue
                    name = getattr(reporter, "file", type(reporter).__name__)
                    trace = "".join(traceback.format_exception(error))
                    message = f"{name} failed: {type(error).__name__}: {error}"
                    self.on_event(InternalError(target="", message=message, traceback=trace))
