"""``fuzzseq explain``: the page of one cause, or a list of all of them."""

from __future__ import annotations

import sys
from functools import partial

import click

from fuzzseq.cli.options import complete
from fuzzseq.cli.printing import echo


@click.command(short_help="Explain a cause, its symptoms, and how to fix it.")
@click.argument("slug", required=False, metavar="[CAUSE]", shell_complete=partial(complete, "causes"))
def explain(slug: str | None) -> None:
    """Explain a CAUSE: its symptoms, a minimal example, and how to fix it.

    Without a CAUSE, list all of them by group. The output is Markdown when piped.
    """
    from fuzzseq.causes.catalog import CAUSES, GROUPS, cause_named, page_of

    if slug is None:
        for group, about in GROUPS.items():
            echo(f"{group}: {about}")
            for cause in CAUSES:
                if cause.group == group:
                    echo(f"  {cause.slug:<28} {cause.title}")
        return
    cause = cause_named(slug)
    said = click.wrap_text(f"{cause.mistake} {cause.advice}", width=118)
    page = f"# {cause.slug}: {cause.title}\n\n{said}\n\n{page_of(cause)}".rstrip()
    if not sys.stdout.isatty():
        echo(page)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(page, code_theme="ansi_dark"), width=min(console.width, 120))
