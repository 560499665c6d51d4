"""``fuzzseq list``: what fuzzseq knows by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from fuzzseq.cli.front import Front
from fuzzseq.cli.printing import echo
from fuzzseq.sanitize import printed


@click.group("list", cls=Front, short_help="List checks, causes, dimensions or profiles.")
def list_() -> None:
    """List checks, causes, dimensions or profiles; one per line when piped."""


@list_.command()
def checks() -> None:
    """List the checks that a model is tested against."""
    from fuzzseq.checks.registry import CHECKS

    show(
        ("check", "severity", "profiles", "description"),
        ((c.name, c.severity, ", ".join(c.profiles), c.description) for c in CHECKS),
    )


@list_.command()
def causes() -> None:
    """List the causes that a finding can be traced to."""
    from fuzzseq.causes.catalog import CAUSES

    show(("cause", "group", "mistake in the model"), ((c.slug, c.group, c.title) for c in CAUSES))


@list_.command(short_help="List the known dimensions, their ranges and aliases.")
def dimensions() -> None:
    """List the known dimensions, the range that each is drawn from, and its aliases."""
    from fuzzseq.targets.dimensions import ALIASES, KNOWN

    def aliases(name: str) -> str:
        return ", ".join(alias for alias, known in ALIASES.items() if known == name)

    show(
        ("dimension", "range", "meaning", "aliases"),
        ((name, f"{known.min} to {known.max}", what, aliases(name)) for name, (known, what) in KNOWN.items()),
    )


@list_.command()
def profiles() -> None:
    """List the profiles: named settings."""
    from fuzzseq.profiles import PROFILES
    from fuzzseq.settings import OPTIONS

    def usual(key: str, profile: str, none: str) -> str:
        value = OPTIONS[key].usual_in(profile)
        return none if value is None else f"{value / 60:g}m" if key == "budget" else str(value)

    keys = {"max_cases": "", "seed": "random", "budget": "none"}
    show(
        ("profile", "cases", "seed", "budget", "purpose"),
        ((p.name, *(usual(key, p.name, none) for key, none in keys.items()), p.purpose) for p in PROFILES),
    )


def show(head: Sequence[str], rows: Iterable[Sequence[str]], *, headed: bool = False) -> None:
    """Print a table: fitted to a terminal, else one row a line, in columns, for grep and its like.

    What is piped has no head, unless it is ``headed``: columns of numbers say nothing alone.
    """
    from fuzzseq.reporting.terminal import console_for_output

    console, listed = console_for_output(), [tuple(map(printed, row)) for row in rows]
    if console.is_terminal:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for index, name in enumerate(head):
            table.add_column(name, no_wrap=index == 0)
        for row in listed:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        return
    listed = [tuple(head), *listed] if headed else listed
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        echo("  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip())
