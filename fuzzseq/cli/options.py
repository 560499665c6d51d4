"""The options that ``run`` and ``replay`` share, and how the text of an option is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
Reader = Callable[[click.Context, click.Parameter, str | None], Any]


def read_by(name: str) -> Reader:
    """Return what reads an option by a function of :mod:`fuzzseq.settings`, loaded then and not before."""

    def read(_: click.Context, param: click.Parameter, value: str | None) -> Any:
        from fuzzseq import settings

        try:
            return None if value is None else getattr(settings, name)(value)
        except UsageError as error:
            raise UsageError(f"{param.opts[0]}: {error}") from None

    return read


def whole(least: int, most: str = "MOST_COUNT") -> Reader:
    """Return what reads an option as a whole number from ``least`` up to a limit of :mod:`fuzzseq.grammar`."""

    def read(_: click.Context, param: click.Parameter, value: str | None) -> int | None:
        from fuzzseq import grammar

        if value is None:
            return None
        number = grammar.whole_number(value, least, getattr(grammar, most))
        if number is None:
            raise UsageError(f"{param.opts[0]}: must be {grammar.integers_from(least)}, got {grammar.shown(value)}.")
        return number

    return read


def importing(
    source: str, references: Sequence[str], announced: set[str], *, below: Path | None = None, trust: bool = False
) -> None:
    """Say once what is about to be imported because a file names it.

    Raises :class:`UsageError` where that is outside of the current folder, or the one ``below``, and not trusted.
    """
    from fuzzseq.loading.outside import imports_named_in

    for label in imports_named_in(source, references, below=below, trust=trust):
        if label not in announced:
            announced.add(label)
            echo(f"importing {label} (named in {source})", err=True)


def execution_options(command: Command) -> Command:
    """Add the options that say how a case is executed."""
    in_process = "Run the model in this process (for a debugger); a crash ends the run."
    timeout, memory = (
        "Time limit per case, e.g. 30s.",
        "Memory limit per worker, beyond what it needs to start, e.g. 4GiB.",
    )
    device = "Device to run the model on; the GPU is hidden by default."
    for option in (
        click.option("--device", type=click.Choice(["cpu", "gpu"]), help=device),
        click.option("--memory", metavar="SIZE", callback=read_by("memory_size"), help=memory),
        click.option("--case-timeout", metavar="TIME", callback=read_by("duration"), help=timeout),
        click.option("--in-process", is_flag=True, default=None, help=in_process),
    ):
        command = option(command)
    return command
