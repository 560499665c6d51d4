"""``fuzzseq replay``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from fuzzseq.cli.options import execution_options
from fuzzseq.cli.printing import echo
from fuzzseq.errors import FuzzseqError, UsageError
from fuzzseq.sanitize import outgoing

CODES = {"FIXED": 0, "FAILED": 1, "CHANGED": 1}


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@execution_options
def replay(files: tuple[str, ...], **said: Any) -> int:
    """Run the minimal case of each finding FILE again.

    \b
    FIXED    the case passes now, or the promise is not made any more
    FAILED   it fails in the same way
    CHANGED  it fails in another way, or does not get as far
    ERROR    it could not be run
    """  # noqa: D301 (click wants the control character itself, to leave a paragraph's lines as they are)
    from fuzzseq import campaign
    from fuzzseq.configuration import Configuration, configured

    asked = Configuration(**said).over(configured())
    settings = campaign.settings_of(asked)

    def replayed(document: Mapping[str, Any]) -> Any:
        from fuzzseq import engine

        return engine.replay(document, settings)

    return max(one(Path(file), replayed) for file in files)


def one(path: Path, replayed: Callable[[Mapping[str, Any]], Any]) -> int:
    """Replay one file, print its verdict, and return its exit code; what keeps it from running is an ERROR."""
    from fuzzseq.reporters.finding_files import read_finding

    try:
        result = replayed(read_finding(path))
    except FuzzseqError as error:
        echo(f"{'ERROR':<8} {path}: {str(error).replace(f'{path} ', '', 1)}")
        return 2 if isinstance(error, UsageError) else 3
    said = f": {outgoing(result.message)}" if result.message else ""
    echo(f"{result.verdict:<8} {path}{said}")
    return CODES[result.verdict]
