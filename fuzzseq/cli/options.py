"""The options that are generated from the settings, and what completes their values in a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., object])


def setting_options(*, replay: bool = False) -> Callable[[Command], Command]:
    """Return what adds the options of ``fuzzseq run`` to a command, or those that ``replay`` shares with it.

    They come from the schema that ships, which is generated from the settings: those themselves take too long to load
    for ``--help``.
    """
    schema = json.loads(Path(__file__).parents[1].joinpath("settings", "pyproject.schema.json").read_bytes())
    properties = schema["definitions"]["settings"]["properties"]

    def add(command: Command) -> Command:
        for key, each in reversed(properties.items()):
            given = {"values": (), "metavar": None, "repeatable": False, "replay": False, **each.get("x-run", {})}
            if "flag" not in given or (replay and not given["replay"]):
                continue
            how: dict[str, Any] = {"help": each["description"], "metavar": given["metavar"]}
            how["shell_complete"] = partial(complete, given["values"])
            if given["metavar"] is None and given["values"]:
                how["type"] = click.Choice(given["values"])
            elif given["metavar"] is None:
                how |= {"is_flag": True, "default": None}
            elif given["repeatable"]:
                how["multiple"] = True
            else:
                how["callback"] = _read
            command = click.option(given["flag"], key, **how)(command)
        return command

    return add


def _read(_: click.Context, param: click.Parameter, value: str | None) -> object:
    from fuzzseq.settings import OPTIONS

    try:
        return None if value is None else OPTIONS[str(param.name)].kind.read_text(value)
    except UsageError as error:
        raise UsageError(f"{param.opts[0]}: {error}") from None


#: Where lists of values stand that take something to load, and what is the name of an item, if it is no text.
_LISTS: Mapping[str, tuple[str, str, str]] = {
    "checks": ("fuzzseq.checks.registry", "CHECKS", "name"),
    "formats": ("fuzzseq.files.report_formats", "FORMATS", ""),
    "causes": ("fuzzseq.causes.catalog", "CAUSES", "slug"),
}


def complete(values: Sequence[str] | str, _: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the values that a text may become, for the completion of a shell."""
    if isinstance(values, str):
        module, name, field = _LISTS[values]
        listed = getattr(import_module(module), name)
        values = [getattr(each, field) if field else each for each in listed]
    return [value for value in values if value.startswith(incomplete)]


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
