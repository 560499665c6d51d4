"""``fuzzseq init``."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError


@click.command(short_help="Create a first fuzz target, its settings, and a nightly CI job.")
@click.argument("target", required=False, metavar="[TARGET]")
@click.option("--ci", "host", type=click.Choice(["github", "gitlab"]), help="Also write a nightly job for this CI.")
def init(target: str | None, host: str | None) -> int:
    """Create fuzz_targets.py with a first fuzz target, [tool.fuzzseq] in pyproject.toml, and a nightly CI job.

    TARGET is file.py:name: a function that builds a model, a model class, or a built model. Without one, the files of
    this folder are searched (read, not imported) for candidates. Existing files are never overwritten.
    """
    from fuzzseq.scaffold.finding_models import candidate_named, candidates
    from fuzzseq.scaffold.texts import TARGETS_FILE, targets_text
    from fuzzseq.scaffold.writing import write

    here = Path.cwd()
    found = [candidate_named(here, target)] if target is not None else candidates(here)
    if not found:
        raise UsageError(
            "No function that builds a model was found here: name one, e.g. 'fuzzseq init my_model.py:build'."
        )
    written = write(here, found[0], host)
    for file in written:
        echo(f"{'wrote' if file.new else 'left '}  {file.file} ({file.note})")
    if target is not None and any(file.file == TARGETS_FILE and not file.new for file in written):
        lines = targets_text(found[0]).split("\n\n", 1)[1]
        echo(f"add to {TARGETS_FILE}:\n\n{textwrap.indent(lines, '    ')}")
    if others := [f"{each.file}:{each.name}" for each in found[1:6]]:
        more = f", and {len(found) - 6} more" if len(found) > 6 else ""
        echo(f"other candidates: {', '.join(others)}{more}")
    echo("next:  fuzzseq run")
    return 0
