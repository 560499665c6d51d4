"""``fuzzseq report`` and ``fuzzseq baseline``: what can be made of a run that is over."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from fuzzseq.cli.front import Front
from fuzzseq.cli.options import complete
from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError


@click.command(short_help="Write the reports of a finished run again, in any format.")
@click.argument("folder", metavar="DIR")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME",
    shell_complete=partial(complete, "formats"),
    help="Report format, as --report of run; repeatable.",
)
@click.option("--output", metavar="DIR", help="Output folder.  [default: the folder of the run]")
def report(folder: str, formats: tuple[str, ...], output: str | None) -> int:
    """Write the reports of the run in DIR (finished, interrupted or killed) and print their names."""
    from fuzzseq import finished_runs, runner

    for file in finished_runs.report(Path(folder), formats or runner.DEFAULT_FORMATS, Path(output) if output else None):
        echo(file)
    return 0


@click.group(cls=Front, short_help="Maintain a baseline of accepted findings.")
def baseline() -> None:
    """Maintain a baseline: findings that do not fail a run. Use it with run --baseline FILE."""


@baseline.command()
@click.argument("file")
@click.argument("folder", metavar="[DIR]", required=False)
def update(file: str, folder: str | None) -> int:
    """Update FILE from the run in DIR, by default the latest one in reports/.

    New findings are added. Findings that are gone are removed if the run completed their target with every check and
    with the inputs that show them; all others are kept.
    """
    from fuzzseq import finished_runs

    logs = list(Path("reports").glob("*/events.ndjson")) if folder is None else []
    if folder is None and not logs:
        raise UsageError("No run in reports/: run fuzzseq first, or name the output folder of a run.")
    place = max(logs, key=lambda log: log.stat().st_mtime_ns).parent if folder is None else Path(folder)
    new, gone, total = finished_runs.update_baseline(Path(file), place)
    for sign, ids in (("+", new), ("-", gone)):
        for id_ in ids:
            echo(f"{sign} {id_}")
    echo(f"{file} holds {total} finding{'' if total == 1 else 's'}, from {place}")
    return 0
