"""``fuzzseq trend``."""

from __future__ import annotations

from pathlib import Path

import click

from fuzzseq.cli.listing import show
from fuzzseq.cli.printing import echo


@click.command(short_help="Show new, open and fixed findings across runs.")
@click.argument("history", default="reports/history.jsonl", metavar="[FILE]")
@click.option("--profile", metavar="NAME", help="Only runs of this profile.")
def trend(history: str, profile: str | None) -> None:
    """Show what is new, open and fixed in each run of the history.

    FILE is the history that runs append to, reports/history.jsonl. A finding stays open if a run did not complete its
    target, or did not draw the inputs that show it.
    """
    from fuzzseq.errors import UsageError
    from fuzzseq.history import changes, read, since
    from fuzzseq.sanitize import shortened

    def print_warning(message: str) -> None:
        echo(f"fuzzseq: {message}", err=True)

    runs = [run for run in read(Path(history), print_warning) if profile in (None, run.profile)]
    if not runs:
        raise UsageError(f"{history} contains no run{f' of the profile {profile!r}' if profile else ''}.")
    all_changes = changes(runs)
    table = (
        (
            change.run.started[:16].replace("T", " "),
            change.run.profile,
            change.run.cases,
            f"{change.run.seconds:.0f} s",
            *map(len, (change.new, change.open, change.fixed)),
            change.run.stop_reason.label + (", inconclusive" if change.run.inconclusive else ""),
        )
        for change in all_changes
    )
    show(
        ("run", "profile", "cases", "time", "new", "open", "fixed", "status"),
        ([shortened(str(cell), 200) for cell in row] for row in table),
        headed=True,
    )
    last = all_changes[-1]
    if last.open:
        echo("")
        target_of = {id_: found.target for change in all_changes for id_, found in change.run.findings.items()}
        rows = ((id_, since(all_changes, id_).started[:10], shortened(target_of[id_], 200)) for id_ in last.open)
        show(("open", "since", "target"), rows, headed=True)
