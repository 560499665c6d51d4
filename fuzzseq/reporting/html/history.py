"""What came and went from night to night, where the folder of the run lies beside a history."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.history import NAME, Change, changes, read, since
from fuzzseq.reporting.html.timeline import clock

#: Nights that are shown, the last ones.
_NIGHTS: Final = 60
#: The height of the drawing, in its own units.
HEIGHT: Final = 40


@attrs.frozen(kw_only=True)
class Night:
    """One run as a row; ``here`` marks the run of this page."""

    started: str
    profile: str
    cases: int
    time: str
    new: int
    open: int
    gone: int
    stopped: str
    here: bool


@attrs.frozen(kw_only=True)
class Nights:
    """The history: its runs, the last first, the findings that are open after the last, and a line of how many."""

    rows: tuple[Night, ...]
    open: tuple[tuple[str, str, str], ...]
    line: str
    most: int
    left_out: int


def nights(folder: Path, started: str) -> Nights | None:
    """Return the history beside the folder of a run that began then; None where there is none that can be read."""
    history = folder.parent / NAME
    if not history.is_file():
        return None
    try:
        told = changes(read(history))
    except UsageError:
        return None
    if not told:
        return None
    last = told[-1]
    drawn = told[-_NIGHTS:]
    most = max(1, *(len(change.open) for change in drawn))
    return Nights(
        rows=tuple(_night(change, started) for change in reversed(drawn)),
        open=tuple((id_, since(told, id_).started[:10], _target(told, id_)) for id_ in last.open),
        line=" ".join(f"{x},{round(HEIGHT - HEIGHT * len(change.open) / most, 1)}" for x, change in enumerate(drawn)),
        most=most,
        left_out=len(told) - len(drawn),
    )


def _night(change: Change, started: str) -> Night:
    """Return one run as a row."""
    night = change.night
    return Night(
        started=night.started[:16].replace("T", " "),
        profile=night.profile,
        cases=night.cases,
        time=clock(night.seconds),
        new=len(change.new),
        open=len(change.open),
        gone=len(change.gone),
        stopped=night.stop_reason.label + (", inconclusive" if night.inconclusive else ""),
        here=night.started == started,
    )


def _target(told: list[Change], id_: str) -> str:
    """Return the target of a finding that is open."""
    return next(change.night.findings[id_].target for change in reversed(told) if id_ in change.night.findings)
