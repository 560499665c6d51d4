"""The options that are generated from the settings, and what completes their values in a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


def setting_options(*, replay: bool = False) -> Callable[[Command], Command]:
    """Return what adds the options of ``fuzzseq run`` to a command, or those that ``replay`` shares with it.

    They come from the schema that ships, which is generated from the settings: those themselves take too long to load
    for ``--help``.
    """
    schema = json.loads(Path(__file__).parents[1].joinpath("settings", "pyproject.schema.json").read_bytes())
    properties = schema["definitions"]["settings"]["properties"]

    def add(command: Command) -> Command:
        for key, each in reversed(properties.items()):
            how = dict(each.get("x-run", {}))
            in_replay = how.pop("replay", False)
            if how and (in_replay or not replay):
                command = _option(key, each["description"], **how)(command)
        return command

    return add


def _option(
    key: str,
    help: str,
    *,
    flag: str,
    metavar: str | None = None,
    values: Sequence[str] | str = (),
    repeatable: bool = False,
) -> Callable[[Command], Command]:
    how: dict[str, Any] = {"help": help, "metavar": metavar, "shell_complete": partial(complete, values)}
    if values and metavar is None:
        how["type"] = click.Choice(values)
    elif metavar is None:
        how |= {"is_flag": True, "default": None}
    elif repeatable:
        how["multiple"] = True
    else:
        how["callback"] = _read
    return click.option(flag, key, **how)


def _read(_: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Return the value of an option that was given."""
    from fuzzseq.settings import OPTIONS

    try:
        return None if value is None else OPTIONS[str(param.name)].kind.read_text(value)
    except UsageError as error:
        raise UsageError(f"{param.opts[0]}: {error}") from None


def _checks() -> Iterable[str]:
    from fuzzseq.checks.registry import CHECKS

    return (check.name for check in CHECKS)


def _formats() -> Iterable[str]:
    from fuzzseq.reporting import FORMATS

    return FORMATS


def _causes() -> Iterable[str]:
    from fuzzseq.causes.catalog import CAUSES

    return (cause.slug for cause in CAUSES)


#: What values are called that take something to load.
_LISTS: Mapping[str, Callable[[], Iterable[str]]] = {"checks": _checks, "formats": _formats, "causes": _causes}


def complete(values: Sequence[str] | str, _: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the values that a text may become, for the completion of a shell."""
    every = _LISTS[values]() if isinstance(values, str) else values
    return [value for value in every if value.startswith(incomplete)]


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
