"""One report of a pytest run, whatever processes wrote its parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import pytest
from rich.text import Text

from fuzzseq import runner
from fuzzseq.errors import FuzzseqError
from fuzzseq.events import Event, Reporter, RunFinished, RunStarted, TargetFinished, TargetLoaded, TargetReport
from fuzzseq.history import NAME as HISTORY
from fuzzseq.reporting import format_named
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.event_log import NAME, EventLog, logged_in
from fuzzseq.reporting.folder import Folder, Use
from fuzzseq.reporting.history_log import HistoryLog
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.summary_view import judged_of, summary_view
from fuzzseq.reporting.text import text_of
from fuzzseq.sanitize import clean
from fuzzseq.stop_reason import StopReason

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

#: How the log of a process is called that is no worker of xdist.
MAIN: Final = "main"
_PARTS: Final = "events-*.ndjson"


class Reporting:
    """Puts together what each process logged, writes the reports, and prints the summary."""

    def __init__(self, config: pytest.Config, output: str | None, formats: Sequence[str] = ()) -> None:
        self._config, self._record = config, RunState()
        self._formats = tuple(dict.fromkeys(formats)) or runner.DEFAULT_FORMATS
        self._output = Path(output) if output else None
        self._folder: Folder | None = None

    @property
    def folder(self) -> Folder:
        """The folder of the run, made when it is wanted; raises :class:`pytest.UsageError` where it cannot be."""
        if self._folder is None:
            try:
                # A worker of xdist writes its part into the folder of the process that began the run.
                use: Use = "join" if hasattr(self._config, "workerinput") else "run"
                self._folder = Folder(self._output, use, waits=True) if self._output else Folder.of_now()
            except FuzzseqError as error:
                raise pytest.UsageError(str(error).replace("--output", "--fuzz-seq2seq-report")) from None
        return self._folder

    def write(self, unrun: Collection[str] = ()) -> None:
        """Write one log, and reports, of those of every process; of a killed one what it had by then.

        ``unrun`` are targets of which a test was not run: where they were not fuzzed to the end, the report says so.
        """
        if self._folder is None:
            return
        place = self.folder.path
        parts = [logged_in(place, part.name) for part in sorted(place.glob(_PARTS)) if part.stat().st_size]
        if any(parts):
            self.folder.begin()
            self.folder.remove(NAME)
            makers = [EventLog, *(format_named(name) for name in self._formats)]
            reporters: list[Reporter] = [make(self._record, self.folder) for make in makers]
            if self.folder.beside_others:
                reporters.append(HistoryLog(self._record, place.parent / HISTORY, str(self.folder.shown)))
            fan = Dispatcher(self._record, reporters)
            for at, event in together(parts, unrun):
                fan.on_event(event, at)
        for part in place.glob(_PARTS):
            self.folder.remove(part.name)
        self.folder.close()

    def print_summary(self, terminal: TerminalReporter) -> None:
        """Print the summary, where anything was fuzzed."""
        if not self._record.targets():
            return
        terminal.section("fuzz-seq2seq")
        errors = str(self.folder.written.get("internal-error.txt", ""))
        parts = list(summary_view(self._record, str(self.folder.shown), errors))[2:]
        writer = terminal._tw  # noqa: SLF001 (pytest gives no other way to its width and colors)
        judged = [(report.name, judged_of(report)) for report in self._record.targets()]
        parts += [Text(f"judged on {clean(name)}: {checks}", style="dim") for name, checks in judged if checks]
        writer.write(text_of(parts, writer.fullwidth, writer.hasmarkup))


def together(
    parts: Sequence[Sequence[tuple[float, Event]]], unrun: Collection[str] = ()
) -> Iterator[tuple[float, Event]]:
    """Yield the events of several runs as those of one, by their times; the targets as they were begun.

    Those of ``unrun`` that never came to an end were interrupted.
    """
    begun = [event for part in parts for _, event in part if isinstance(event, RunStarted)]
    ended = [event for part in parts for _, event in part if isinstance(event, RunFinished)]
    done = {event.report.name for part in parts for _, event in part if isinstance(event, TargetFinished)}
    left = sorted(set(unrun) - done)
    names = list(dict.fromkeys([*(name for event in begun for name in event.targets), *left]))
    if not begun:
        return
    first = min(begun, key=lambda event: event.started)
    yield 0.0, attrs.evolve(first, targets=tuple(names))
    timed: list[tuple[float, Event]] = []
    for part in parts:
        later = 0.0  # By the clock of the run that began first.
        for at, event in part:
            if isinstance(event, RunStarted):
                begin = datetime.fromisoformat(first.started)
                later = (datetime.fromisoformat(event.started) - begin).total_seconds() - at
            timed.append((at + later, event))
    timed.sort(key=lambda each: each[0])
    for at, event in timed:
        if isinstance(event, TargetLoaded):
            yield at, attrs.evolve(event, index=names.index(event.target))
        elif isinstance(event, TargetFinished):
            report = event.report
            place = names.index(report.name) if report.name in names else report.index
            yield at, TargetFinished(report=attrs.evolve(report, index=place))
        elif not isinstance(event, RunStarted | RunFinished):
            yield at, event
    reasons: list[StopReason] = [event.stop_reason for event in ended]
    reasons += [StopReason.INTERRUPTED] * (len(begun) - len(ended) + len(left))
    last = max((at for at, _ in timed), default=0.0)
    stop = StopReason.INTERRUPTED
    loaded = {event.target: event.spec for _, event in timed if isinstance(event, TargetLoaded)}
    for name in left:
        report = TargetReport(name=name, spec=loaded.get(name), stop_reason=stop, index=names.index(name))
        yield last, TargetFinished(report=report)
    yield last, RunFinished(stop_reason=StopReason.of_parts(reasons), seconds=last)
