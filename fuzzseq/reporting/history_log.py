"""The line of a run in the history, which stands beside the folders of runs."""

from __future__ import annotations

from pathlib import Path

from fuzzseq.errors import OutputError
from fuzzseq.events import Event, RunFinished
from fuzzseq.files import output_files
from fuzzseq.history import Found, PastRun, line_of
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import unjudged_checks
from fuzzseq.stop_reason import StopReason


class HistoryLog:
    """Adds a line to a history when a run is over of which a target could be used.

    A history that cannot be written, or is a link, raises :class:`OutputError`.
    """

    def __init__(self, record: RunState, history: Path, folder: str) -> None:
        self._record, self._history, self._folder = record, history, folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, RunFinished) or not self._record.specs:
            return
        line = line_of(past_run(self._record, self._folder))
        try:
            with output_files.opened(self._history.parent) as folder:
                output_files.append(folder, self._history.name, output_files.encoded(line), lines=True)
        except OSError as error:
            raise OutputError(
                f"The history {self._history} cannot be written: {output_files.reason_of(error)}. "
                "The run is not in it; its reports are written."
            ) from None


def past_run(record: RunState, folder: str) -> PastRun:
    """Return a run that is over, as the history keeps it."""
    settings = record.settings
    return PastRun(
        started=record.started,
        profile=settings.profile if settings else "",
        seed=settings.seed if settings else 0,
        seconds=round(record.seconds, 1),
        stop_reason=record.stop_reason or StopReason.INTERRUPTED,
        cases=sum(report.cases for report in record.targets()),
        done=tuple(sorted(record.done())),
        findings={
            each.id: Found(
                target=record.identity(each.target), cause=each.cause, severity=each.severity, domain=each.domain
            )
            for each in record.findings.values()
        },
        versions=record.versions,
        folder=folder,
        domains=settings.domains if settings else ("ordinary",),
        inconclusive=unjudged_checks(record.unexplained()),
    )
