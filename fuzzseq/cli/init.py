"""``fuzzseq init``."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError

if TYPE_CHECKING:
    from fuzzseq.scaffold.finding_models import Search

#: How many candidates are named beside the one that is taken, and how many of what is none.
_OTHERS: Final = 5


@click.command(short_help="Create a first fuzz target, its settings, and a nightly CI job.")
@click.argument("target", required=False, metavar="[TARGET]")
@click.option("--ci", "host", type=click.Choice(["github", "gitlab"]), help="Also write a nightly job for this CI.")
def init(target: str | None, host: str | None) -> int:
    """Create fuzz_targets.py with a first fuzz target, [tool.fuzzseq] in pyproject.toml, and a nightly CI job.

    TARGET is file.py:name: a function that builds a model, a model class, or a built model; a function of a notebook
    (file.ipynb:name) or a saved model (file.keras). Without one, the files of this folder are searched (read, not
    imported) for candidates. Existing files are never overwritten; .fuzzseq/ and reports/ are added to .gitignore.
    """
    from fuzzseq.scaffold.finding_models import Search, candidate_named, search
    from fuzzseq.scaffold.writing import write

    here = Path.cwd()
    found = Search(candidates=(candidate_named(here, target),)) if target is not None else search(here)
    if target is None:
        _print_search(found)
    if not found.candidates:
        raise UsageError(
            "No function that builds a model was found here: name one, e.g. 'fuzzseq init my_model.py:build'."
        )
    taken = found.candidates[0]
    written = write(here, taken, host, named=target is not None)
    for file in written:
        echo(f"{'wrote' if file.new else 'left '}  {file.file} ({file.note})")
    for file in written:
        if "\n" in file.add:
            echo(f"add to {file.file}:\n\n{textwrap.indent(file.add, '    ')}")
        elif file.add:
            echo(f"add to {file.file}: {file.add}")
    if not any(file.new or file.add for file in written):
        echo("nothing was changed: what init writes is there")
    if taken.imported_by_name and taken.missing and written[0].new:
        echo(f"first: fill in {', '.join(taken.missing)} in {written[0].file}, where it says so")
    elif taken.unplaced and not taken.imported_by_name:
        ranges = ", ".join(f"{parameter.name}=dim(1, 16)" for parameter in taken.unplaced)
        echo(f"first: declare in {taken.file} what is no known dimension, @fuzz_target({ranges}), or give it a default")
    echo("next:  fuzzseq run")
    return 0


def _print_search(found: Search) -> None:
    """Print what is taken, and why, what could be taken as well, and what looks like a model and is none."""
    for label, listed in (
        ("found", found.candidates[:1]),
        ("other", found.candidates[1:]),
        ("not  ", found.rejected),
    ):
        for each in listed[:_OTHERS]:
            echo(f"{label}  {each.sentence}")
        if len(listed) > _OTHERS:
            echo(f"       and {len(listed) - _OTHERS} more")
