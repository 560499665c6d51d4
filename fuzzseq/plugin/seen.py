"""The fuzz targets that a pytest run has seen, and what it says of those that it does not run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fuzzseq.configuration import configured
from fuzzseq.declaration import declared_in
from fuzzseq.errors import FuzzseqError
from fuzzseq.plugin import FLAG


def conftest_targets(config: pytest.Config) -> Iterator[tuple[Path, str, Callable[..., Any]]]:
    """Yield the fuzz targets of the conftest.py files that were loaded: the file, the name there, the factory."""
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        if isinstance(plugin, ModuleType) and file and Path(file).name == "conftest.py":
            for name, factory in declared_in(plugin).items():
                yield Path(file), name, factory


def names_one(config: pytest.Config) -> bool:
    """Say whether a run was asked for tests by their ids: whoever names one wants that one."""
    return any("::" in argument for argument in config.args)


def said_of_unrun(config: pytest.Config, files: Iterable[pytest.Module]) -> str:
    """Return the sentence of how many fuzz targets are not run; empty where there are none."""
    if names_one(config):
        return ""
    seen = {(file, name) for file, name, _ in conftest_targets(config)}
    seen |= {(file.path, name) for file in files for name in declared_in(file.obj)}
    if not seen:
        return ""
    many = "1 fuzz target was" if len(seen) == 1 else f"{len(seen)} fuzz targets were"
    return f"fuzzseq: {many} seen and not run; run {'it' if len(seen) == 1 else 'them'} with {FLAG}"


def why_not_found(config: pytest.Config, files: Iterable[pytest.Module]) -> str:
    """Return what to add where a test of a fuzz target is asked for without the flag; empty where none is."""
    listed = list(files)
    for argument in config.args:
        place, name, _ = parts_of(argument)
        if name and (is_target(config, listed, place, name)):
            return f"{name} is a fuzz target, and fuzz targets are collected with {FLAG} only: add it to run {argument}"
    return ""


def parts_of(argument: str) -> tuple[str, str, str]:
    """Return the place, the name and the check of ``file.py::name[check]``; empty for what it does not have."""
    before, _, check = argument.partition("[")
    place, _, name = before.partition("::")
    return place, name, check.removesuffix("]")


def is_target(config: pytest.Config, files: Iterable[pytest.Module], place: str, name: str) -> bool:
    """Say whether a name in a file or module is a fuzz target: declared there, or named in ``[tool.fuzzseq]``."""
    here = config.invocation_params.dir
    path = (here / place).resolve()
    if any(name in declared_in(file.obj) for file in files if file.path == path or file.obj.__name__ == place):
        return True
    try:
        named = configured(here).targets
    except FuzzseqError:
        return False
    return any(
        known == name and (file == place or (here / file).resolve() == path)
        for file, _, known in (reference.rpartition(":") for reference in named)
    )
