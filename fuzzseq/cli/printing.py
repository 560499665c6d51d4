"""How the command line prints: nothing that it says is a command of a terminal or a build server, or a secret."""

from __future__ import annotations

import click

from fuzzseq.sanitize import printed


def echo(text: object = "", *, err: bool = False) -> None:
    """Print a line, or several, to standard output, or to where errors go."""
    click.echo(printed(str(text)), err=err)
