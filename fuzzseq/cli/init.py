"""``fuzzseq init``."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError


@click.command(short_help="Write a first fuzz target, its settings, and a nightly job.")
@click.argument("target", required=False, metavar="[TARGET]")
@click.option("--ci", "host", type=click.Choice(["github", "gitlab"]), help="Write a nightly job for it as well.")
def init(target: str | None, host: str | None) -> int:
    """Write fuzz_targets.py with a first fuzz target, [tool.fuzzseq] in pyproject.toml, and a nightly job.

    TARGET is file.py:name, the function that builds a model, its class, or a model that is built. Without one, the
    files of this folder are read, and not imported, for what looks like it. What is there is never written over.
    """
    from fuzzseq.scaffold.finding_models import candidates, named
    from fuzzseq.scaffold.texts import TARGETS_FILE, targets_text
    from fuzzseq.scaffold.writing import write

    here = Path.cwd()
    found = [named(here, target)] if target is not None else candidates(here)
    if not found:
        raise UsageError(
            "No function that builds a model was found here: name it, as in 'fuzzseq init my_model.py:build'."
        )
    written = write(here, found[0], host)
    for file in written:
        echo(f"{'wrote' if file.new else 'left '}  {file.file} ({file.said})")
    if target is not None and any(file.file == TARGETS_FILE and not file.new for file in written):
        lines = targets_text(found[0]).split("\n\n", 1)[1]
        echo(f"add to {TARGETS_FILE}:\n\n{textwrap.indent(lines, '    ')}")
    if others := [f"{each.file}:{each.name}" for each in found[1:6]]:
        more = f", and {len(found) - 6} more" if len(found) > 6 else ""
        echo(f"others that look like models: {', '.join(others)}{more}")
    echo("now:   fuzzseq run")
    return 0
