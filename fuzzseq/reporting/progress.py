"""How far a run is, in a line: on a terminal, and where :func:`fuzzseq.fuzz` is called."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeAlias

from fuzzseq.errors import UsageError
from fuzzseq.events import CaseExecuted, Event, FailureObserved, Progress, RunFinished, RunStarted
from fuzzseq.files.notebooks import live_shell
from fuzzseq.grammar import shown
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import counted
from fuzzseq.reporting.verdicts import ending_of, outcome_of
from fuzzseq.sanitize import clean, shortened

#: What says how far a run is.
Sign: TypeAlias = RunStarted | CaseExecuted | FailureObserved | Progress

PHASES: Final = {"shrink": "shrinking", "diagnose": "diagnosing"}
#: Seconds between two pictures of a line, and the characters of one where nobody says how wide it may be.
_PICTURE: Final = 0.2
_WIDTH: Final = 100


def progress_text(event: Sign, record: RunState, seconds: float, width: int) -> str:
    """Return how far a run is, as one of its events has it; the name of the target is shortened to fit."""
    match event:
        case RunStarted():
            state = "loading TensorFlow and targets"
        case CaseExecuted():
            state = f"{event.phase} {event.number}/{event.total} cases"
        case FailureObserved():
            state = f"shrinking a failure of {event.check}"
        case Progress():
            state = f"{PHASES.get(event.phase, event.phase)} {event.executions} executions"
    target = "" if isinstance(event, RunStarted) else event.target
    ending = f"{state}  {counted(len(record.findings), 'finding')}  {seconds:.0f} s"
    return (f"{shortened(target, max(width - len(ending) - 2, 12))}  " if target else "") + ending


class ProgressLine:
    """Shows how far a run of one target is, in a line that changes where it stands; at the end, what came of it.

    ``show`` is given the line, and whether it is the last.
    """

    def __init__(self, record: RunState, show: Callable[[str, bool], None]) -> None:
        self._record, self._show = record, show
        self._began, self._last = time.monotonic(), 0.0

    def on_event(self, event: Event) -> None:
        """Take one event."""
        now = time.monotonic()
        if isinstance(event, RunFinished):
            for report in self._record.targets()[:1]:
                outcome = f"{outcome_of(report, self._record.of_target(report.name))}, {ending_of(report)}"
                self._show(f"{clean(report.name)}: {'not fuzzed' if report.error else outcome}", True)
        elif isinstance(event, Sign) and now - self._last >= _PICTURE:
            self._last = now
            self._show(progress_text(event, self._record, now - self._began, _WIDTH), False)


def line_shown_here(wanted: object) -> Callable[[str, bool], None] | None:
    """Return what shows a line where this process is looked at; None where none is ``wanted``.

    Where nobody says so, one is wanted in a live notebook alone. Raises :class:`UsageError` for what is no answer.
    """
    if wanted not in (None, True, False):
        raise UsageError(f"fuzz(progress={shown(wanted)}) must be True, False or None.")
    shell = live_shell()
    if shell is not None and hasattr(shell, "kernel"):
        return None if wanted is False else _Displayed()
    return _write_over if wanted else None


class _Displayed:
    """One output of a notebook's cell, which changes where it stands."""

    def __init__(self) -> None:
        self._displayed: Any = None

    def __call__(self, line: str, _: bool) -> None:
        data = {"text/plain": line}
        if self._displayed is None:
            self._displayed = import_module("IPython.display").display(data, raw=True, display_id=True)
        else:
            self._displayed.update(data, raw=True)


def _write_over(line: str, last: bool) -> None:
    """Write a line over the one before it, on standard error: what the script prints may go to a pipe."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{line}")
    elif last:
        sys.stderr.write(line)
    sys.stderr.write("\n" if last else "")
    sys.stderr.flush()
