"""What is new, open and fixed from run to run, where the folder of the run lies beside a history."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.history import NAME, Change, changes, read, since
from fuzzseq.reporting.html.timeline import clock

#: How many runs are shown, the last ones.
_SHOWN: Final = 60
#: The height of the drawing, in its own units.
HEIGHT: Final = 40


@attrs.frozen(kw_only=True)
class Row:
    """One run as a row; ``here`` marks the run of this page."""

    started: str
    profile: str
    cases: int
    time: str
    new: int
    open: int
    fixed: int
    status: str
    here: bool


@attrs.frozen(kw_only=True)
class History:
    """The history: its runs, the last first, the findings that are open after the last, and a line of how many."""

    rows: tuple[Row, ...]
    open: tuple[tuple[str, str, str], ...]
    line: str
    most: int
    left_out: int


def history_beside(folder: Path, started: str) -> History | None:
    """Return the history beside the folder of a run that began then; None where there is none that can be read."""
    history = folder.parent / NAME
    if not history.is_file():
        return None
    try:
        all_changes = changes(read(history))
    except UsageError:
        return None
    if not all_changes:
        return None
    last = all_changes[-1]
    drawn = all_changes[-_SHOWN:]
    most = max(1, *(len(change.open) for change in drawn))
    return History(
        rows=tuple(_row(change, started) for change in reversed(drawn)),
        open=tuple((id_, since(all_changes, id_).started[:10], _target(all_changes, id_)) for id_ in last.open),
        line=" ".join(f"{x},{round(HEIGHT - HEIGHT * len(change.open) / most, 1)}" for x, change in enumerate(drawn)),
        most=most,
        left_out=len(all_changes) - len(drawn),
    )


def _row(change: Change, started: str) -> Row:
    run = change.run
    return Row(
        started=run.started[:16].replace("T", " "),
        profile=run.profile,
        cases=run.cases,
        time=clock(run.seconds),
        new=len(change.new),
        open=len(change.open),
        fixed=len(change.fixed),
        status=run.stop_reason.label + (", inconclusive" if run.inconclusive else ""),
        here=run.started == started,
    )


def _target(all_changes: list[Change], id_: str) -> str:
    return next(change.run.findings[id_].target for change in reversed(all_changes) if id_ in change.run.findings)
