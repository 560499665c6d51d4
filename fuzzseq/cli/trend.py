"""``fuzzseq trend``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fuzzseq.cli.listing import show
from fuzzseq.cli.printing import echo

if TYPE_CHECKING:
    from fuzzseq.history import Change


@click.command(short_help="Show new, open and fixed findings across runs.")
@click.argument("history", default="reports/history.jsonl", metavar="[FILE]")
@click.option("--profile", metavar="NAME", help="Only runs of this profile.")
def trend(history: str, profile: str | None) -> None:
    """Show what is new, open and fixed in each run of the history.

    FILE is the history that runs append to, reports/history.jsonl. A finding stays open if a run did not complete its
    target, or did not draw the inputs that show it.
    """
    from fuzzseq.errors import UsageError
    from fuzzseq.history import changes, read

    nights = [night for night in read(Path(history), _warned) if profile in (None, night.profile)]
    if not nights:
        raise UsageError(f"{history} contains no run{f' of the profile {profile!r}' if profile else ''}.")
    told = changes(nights)
    show(
        ("run", "profile", "cases", "time", "new", "open", "fixed", "status"),
        map(_cleaned, map(_row, told)),
        headed=True,
    )
    last = told[-1]
    if last.open:
        echo("")
        show(("open", "since", "target"), (_cleaned(_open(told, id_)) for id_ in last.open), headed=True)


def _cleaned(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row whose cells are fit to be printed, each on one line."""
    from fuzzseq.sanitize import shortened

    return tuple(shortened(cell, 200) for cell in row)


def _warned(message: str) -> None:
    """Say where errors go what is no error."""
    echo(f"fuzzseq: {message}", err=True)


def _row(change: Change) -> tuple[str, ...]:
    """Return a run as a row."""
    from fuzzseq.reporting.summary_view import STOPS

    night = change.night
    counts = (len(change.new), len(change.open), len(change.gone))
    return (
        night.started[:16].replace("T", " "),
        night.profile,
        str(night.cases),
        f"{night.seconds:.0f} s",
        *map(str, counts),
        STOPS.get(night.stop_reason, night.stop_reason) + (", inconclusive" if night.inconclusive else ""),
    )


def _open(told: list[Change], id_: str) -> tuple[str, ...]:
    """Return a finding that is open as a row."""
    from fuzzseq.history import since

    target = next(change.night.findings[id_].target for change in reversed(told) if id_ in change.night.findings)
    return id_, since(told, id_).started[:10], target
