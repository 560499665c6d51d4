"""``fuzzseq explain``: one cause, or all of them."""

from __future__ import annotations

import click


@click.command(short_help="Say what a cause means, and how to mend it.")
@click.argument("slug", required=False, metavar="[CAUSE]")
def explain(slug: str | None) -> None:
    """Say what a CAUSE means and how to mend it; without one, list them all by group."""
    from fuzzseq.causes import CAUSES, GROUPS, cause_named

    if slug is None:
        for group, about in GROUPS.items():
            click.echo(f"{group}: {about}")
            for cause in CAUSES:
                if cause.group == group:
                    click.echo(f"  {cause.slug:<28} {cause.title}")
        return
    cause = cause_named(slug)
    click.echo(f"{cause.slug}: {cause.title}\n")
    for label, text in (
        ("group", f"{cause.group} ({GROUPS[cause.group]})"),
        ("mistake", cause.mistake),
        ("mend", cause.advice),
    ):
        click.echo(click.wrap_text(f"{label:<9}{text}", width=88, subsequent_indent=" " * 9))
