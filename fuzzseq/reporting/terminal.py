"""What a person sees while a run goes on, and at its end."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

import attrs
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from fuzzseq import __version__
from fuzzseq.events import (
    CaseExecuted,
    Event,
    FailureObserved,
    FindingReported,
    InternalError,
    Progress,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    WarningEmitted,
)
from fuzzseq.findings import Finding
from fuzzseq.reporting.commands import Commands
from fuzzseq.reporting.finding_view import finding_view, kind_of
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.progress import Sign, progress_text
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.summary_view import judged_of, summary_view
from fuzzseq.reporting.unjudged import counted
from fuzzseq.sanitize import clean, inert, shortened

#: Seconds between two pictures of the progress line, and between two signs of life where there is no terminal.
PICTURE: Final = 0.1
SIGN_OF_LIFE: Final = 60.0
#: Columns of a line that goes to a file or a pipe.
PIPED: Final = 100


def console_for_output() -> Console:
    """Return the console of standard output; foreign text is never markup, and never colored."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED
    return console


class Terminal:
    """Prints findings as they are made, under a live progress line where there is a terminal."""

    def __init__(
        self,
        record: RunState,
        folder: Folder | None,
        console: Console | None = None,
        commands: Commands | None = None,
    ) -> None:
        self._record, self._folder = record, folder
        self._commands = commands or Commands()
        self._console = console or console_for_output()
        self._live: Live | None = None
        self._printed: dict[str, tuple[int, Finding]] = {}
        self._began = self._last = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Take one event."""
        match event:
            case RunStarted():
                self._begin(event)
                self._progress(event)
            case TargetLoaded():
                self._print(Text.assemble(("target ", "dim"), (clean(event.target), "bold")))
                for note in event.spec.traits.notes:
                    self._print(Text(f"  note: {shortened(note, 600)}", style="dim"))
            case CaseExecuted() | FailureObserved() | Progress():
                self._progress(event)
            case FindingReported():
                self._finding(event.finding)
            case WarningEmitted():
                self._print(Text(f"warning: {shortened(event.message, 600)}", style="yellow"))
            case TargetFinished():
                self._finished(event)
            case InternalError():
                self._print(Text(f"internal error: {shortened(event.message, 600)}", style="red"))
            case RunFinished():
                self._end()

    def _begin(self, event: RunStarted) -> None:
        """Print what is asked for, and open the progress line."""
        settings = event.settings
        asked = f"profile {settings.profile}, {settings.max_cases} cases per target, seed {settings.seed}"
        budget = f", time limit {settings.budget:g} s" if settings.budget is not None else ""
        self._print(Text(f"fuzzseq {__version__}: {asked}{budget}", style="dim"))
        if self._console.is_terminal and not self._console.is_dumb_terminal and self._console.file.isatty():
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()

    def _progress(self, event: Sign) -> None:
        """Show how far the run is: ten times a second on a terminal, once a minute elsewhere."""
        passed = time.monotonic() - self._last
        now = self._live and isinstance(event, RunStarted | FailureObserved)
        if not now and passed < (PICTURE if self._live else SIGN_OF_LIFE):
            return
        self._last = time.monotonic()
        said = progress_text(event, self._record, time.monotonic() - self._began, self._console.width)
        text = Text(said, no_wrap=True, overflow="ellipsis")
        if self._live:
            self._live.update(text, refresh=True)
        else:
            self._print(text)

    def _finding(self, finding: Finding) -> None:
        number, before = self._printed.get(finding.id, (len(self._printed) + 1, None))
        self._printed[finding.id] = number, finding
        if before is not None and attrs.evolve(before, checks=finding.checks) == finding:
            if more := [name for name in finding.checks if name not in before.checks]:
                self._print(Text(f"{kind_of(finding)} {number} also fails {', '.join(more)}\n"))
            return
        spec = self._record.spec_of(finding)
        written = self._folder.written if self._folder else {}
        file, script = written.get(f"{finding.id}.json"), written.get(f"{finding.id}.py")
        replay = self._commands.replay(file, finding.target) if file else None
        again = before is not None
        for part in finding_view(
            finding, spec, self._console, number=number, replay=replay, script=script, again=again
        ):
            self._print(part)
        self._print(Text(""))

    def _finished(self, event: TargetFinished) -> None:
        report = event.report
        if report.error:
            # In one line, where errors go; the summary says it again.
            why = " ".join(clean(report.error).split())
            self._console.file.flush()
            if self._live:
                self._live.stop()  # What is written below it while it is shown goes to standard output.
            sys.stderr.write(f"fuzzseq: {why if report.name in why else f'{clean(report.name)}: {why}'}\n")
            sys.stderr.flush()
            if self._live:
                self._live.start()
            return
        found = counted(len(self._record.of_target(report.name)), "finding")
        ending = f"{report.stop_reason.label}, {report.seconds:.1f} s"
        self._print(Text(f"{clean(report.name)}: {counted(report.cases, 'case')}, {found}, {ending}"))
        if judged := judged_of(report):
            self._print(Text(f"  checks judged: {judged}", style="dim"))

    def _end(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        if self._record.unusable() and not (self._record.specs or self._record.errors):
            return
        folder = str(self._folder.shown) if self._folder and self._folder.begun else ""
        error_file = str(self._folder.written.get("internal-error.txt", "")) if self._folder else ""
        for part in summary_view(self._record, folder, error_file, self._commands):
            self._print(part)

    def _print(self, part: RenderableType) -> None:
        """Print one part; above the progress line, where there is one. A line that may not be broken is left whole."""
        whole = isinstance(part, Text) and part.overflow == "ignore"
        if self._live:
            self._console.print(part, soft_wrap=whole)
            return
        with self._console.capture() as captured:
            self._console.print(part, soft_wrap=whole)
        self._console.file.write(inert("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())))
        self._console.file.flush()
        self._last = time.monotonic()
