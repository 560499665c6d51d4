"""``fuzzseq report`` and ``fuzzseq baseline``: what can be made of a run that is over."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from fuzzseq.cli.front import Front
from fuzzseq.cli.options import complete
from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError


@click.command(short_help="Write the reports of a run again, in any format.")
@click.argument("folder", metavar="DIR")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME",
    shell_complete=partial(complete, "formats"),
    help="As --report of run; may be repeated.",
)
@click.option("--output", metavar="DIR", help="Where to write to.  [default: the folder of the run]")
def report(folder: str, formats: tuple[str, ...], output: str | None) -> int:
    """Write the reports of the run that wrote to DIR, finished, interrupted or killed, and print their names."""
    from fuzzseq import finished_runs, runner

    for file in finished_runs.report(Path(folder), formats or runner.DEFAULT_FORMATS, Path(output) if output else None):
        echo(file)
    return 0


@click.group(cls=Front, short_help="Keep the file of known findings.")
def baseline() -> None:
    """Keep the file of known findings, which fail no run: give it to run as --baseline FILE."""


@baseline.command()
@click.argument("file")
@click.argument("folder", metavar="[DIR]", required=False)
def update(file: str, folder: str | None) -> int:
    """Write FILE anew from the run that wrote to DIR, or else from the last one in reports/.

    What was found comes in. What was not found any more goes, where its target was looked at to the end by every check
    and with inputs such as show it; all else stays.
    """
    from fuzzseq import finished_runs

    place = Path(folder) if folder is not None else _last()
    came, went, total = finished_runs.update_baseline(Path(file), place)
    for sign, ids in (("+", came), ("-", went)):
        for id_ in ids:
            echo(f"{sign} {id_}")
    echo(f"{file} holds {total} finding{'' if total == 1 else 's'}, from {place}")
    return 0


def _last() -> Path:
    """Return the folder of the run in the usual place that ended last."""
    logs = list(Path("reports").glob("*/events.ndjson"))
    if not logs:
        raise UsageError("There is no run in reports/: run fuzzseq first, or name the folder that a run wrote to.")
    return max(logs, key=lambda log: log.stat().st_mtime_ns).parent
