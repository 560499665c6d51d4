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

    runs = [run for run in read(Path(history), _warned) if profile in (None, run.profile)]
    if not runs:
        raise UsageError(f"{history} contains no run{f' of the profile {profile!r}' if profile else ''}.")
    all_changes = changes(runs)
    show(
        ("run", "profile", "cases", "time", "new", "open", "fixed", "status"),
        map(_cleaned, map(_row, all_changes)),
        headed=True,
    )
    last = all_changes[-1]
    if last.open:
        echo("")
        show(("open", "since", "target"), (_cleaned(_open(all_changes, id_)) for id_ in last.open), headed=True)


def _cleaned(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row whose cells are fit to be printed, each on one line."""
    from fuzzseq.sanitize import shortened

    return tuple(shortened(cell, 200) for cell in row)


def _warned(message: str) -> None:
    """Say where errors go what is no error."""
    echo(f"fuzzseq: {message}", err=True)


def _row(change: Change) -> tuple[str, ...]:
    """Return a run as a row."""
    run = change.run
    counts = (len(change.new), len(change.open), len(change.fixed))
    return (
        run.started[:16].replace("T", " "),
        run.profile,
        str(run.cases),
        f"{run.seconds:.0f} s",
        *map(str, counts),
        run.stop_reason.label + (", inconclusive" if run.inconclusive else ""),
    )


def _open(all_changes: list[Change], id_: str) -> tuple[str, ...]:
    """Return a finding that is open as a row."""
    from fuzzseq.history import since

    target = next(change.run.findings[id_].target for change in reversed(all_changes) if id_ in change.run.findings)
    return id_, since(all_changes, id_).started[:10], target
