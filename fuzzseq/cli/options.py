"""The options that ``run`` and ``replay`` share, and how the text of an option is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fuzzseq.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
Reader = Callable[[click.Context, click.Parameter, str | None], Any]


def read_by(name: str) -> Reader:
    """Return what reads an option by a function of :mod:`fuzzseq.configuration`, loaded then and not before."""

    def read(_: click.Context, param: click.Parameter, value: str | None) -> Any:
        from fuzzseq import configuration

        try:
            return None if value is None else getattr(configuration, name)(value)
        except UsageError as error:
            raise UsageError(f"{param.opts[0]}: {error}") from None

    return read


def whole(least: int) -> Reader:
    """Return what reads an option as a whole number that is not below ``least``."""

    def read(_: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        if not value.isdecimal() or int(value) < least:
            raise UsageError(f"{param.opts[0]}: {value!r} is no whole number of {least} or more.")
        return int(value)

    return read


def execution_options(command: Command) -> Command:
    """Add the options that say how a case is executed."""
    in_process = "Run the model in this process, for a debugger; a crash ends the run."
    timeout, memory = "Time that one case may take, as 30s.", "Memory that a worker may take beyond its start, as 4GiB."
    device = "Where the model runs; the GPU is hidden unless asked for."
    for option in (
        click.option("--device", type=click.Choice(["cpu", "gpu"]), help=device),
        click.option("--memory", metavar="SIZE", callback=read_by("memory_size"), help=memory),
        click.option("--case-timeout", metavar="TIME", callback=read_by("duration"), help=timeout),
        click.option("--in-process", is_flag=True, default=None, help=in_process),
    ):
        command = option(command)
    return command
