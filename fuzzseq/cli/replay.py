"""``fuzzseq replay``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fuzzseq.cli.options import importing, setting_options
from fuzzseq.cli.printing import echo
from fuzzseq.errors import FuzzseqError, UsageError
from fuzzseq.sanitize import outgoing, printed

if TYPE_CHECKING:
    from fuzzseq.engine import ReplayResult
    from fuzzseq.replay_file import ReplayFile

CODES = {"FIXED": 0, "FAILED": 1, "CHANGED": 1}


@click.command(short_help="Rerun the minimal example of a finding.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--target", metavar="FILE:NAME", help="Run the case on this target instead of the one in FILE.")
@click.option("--trust", is_flag=True, help="Allow imports from outside the current folder.")
@setting_options(replay=True)
def replay(files: tuple[str, ...], target: str | None, trust: bool, **options: object) -> int:
    """Rerun the minimal example of each finding FILE on code below the current folder.

    \b
    FIXED    the case passes, or the check no longer applies
    FAILED   it fails in the same way
    CHANGED  it fails in another way, or is not reached
    ERROR    it could not be run
    """  # noqa: D301 (click wants the control character itself, to leave a paragraph's lines as they are)
    from fuzzseq import runner
    from fuzzseq.loading.references import is_reference
    from fuzzseq.settings.configuration import configured, home

    given = {key: value for key, value in options.items() if value is not None}
    settings = runner.settings_of({**configured(), **given})
    announced: set[str] = set()

    def replayed(file: ReplayFile, path: Path) -> ReplayResult:
        from fuzzseq import engine

        if target is None and not is_reference(file.target):
            raise UsageError(
                f"{path} names the function {file.target!r}, which is in no file: pass --target FILE:NAME."
            )
        importing(str(path), [file.target] if target is None else [], announced, trust=trust)
        importing("pyproject.toml", settings.files, announced, below=home(), trust=trust)
        return engine.replay(file, settings, target)

    return max(replay_one(Path(file), replayed) for file in files)


def replay_one(path: Path, replayed: Callable[[ReplayFile, Path], ReplayResult]) -> int:
    """Replay one file, print its verdict, and return its exit code; what keeps it from running is an ERROR."""
    from fuzzseq.replay_file import read_finding

    name = printed(str(path))
    try:
        result = replayed(read_finding(path), path)
    except FuzzseqError as error:
        echo(f"{'ERROR':<8} {name}: {str(error).replace(f'{name} ', '', 1)}")
        return 2 if isinstance(error, UsageError) else 3
    message = f": {outgoing(result.message)}" if result.message else ""
    echo(f"{result.verdict:<8} {name}{message}")
    return CODES[result.verdict]
