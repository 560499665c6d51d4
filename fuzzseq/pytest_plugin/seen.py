"""The fuzz targets that a pytest run has seen, and what it says of those that it does not run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from fuzzseq.errors import FuzzseqError, nearest
from fuzzseq.pytest_plugin.flag import COLLECTING, FLAG
from fuzzseq.settings.configuration import configured
from fuzzseq.targets.declaration import declared_in


def conftest_targets(config: pytest.Config) -> Iterator[tuple[Path, str, Callable[..., object]]]:
    """Yield the fuzz targets of the conftest.py files that were loaded: the file, the name there, the factory."""
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        if isinstance(plugin, ModuleType) and file and Path(file).name == "conftest.py":
            for name, factory in declared_in(plugin).items():
                yield Path(file), name, factory


def names_one(config: pytest.Config) -> bool:
    """Say whether a run was asked for tests by their ids: whoever names one wants that one."""
    return any("::" in argument for argument in config.args)


def unrun_sentence(config: pytest.Config, files: Iterable[pytest.Module]) -> str:
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
    """Return what to do where a test of a fuzz target is asked for that there is not; empty where none is."""
    listed, collecting = list(files), config.pluginmanager.getplugin(COLLECTING)
    for argument in config.args:
        place, _, rest = argument.partition("::")
        # Either may hold brackets of its own: the whole may be a name, and so may what is before the last pair.
        for name, bracket, check in (rest.rpartition("["), (rest, "", "")):
            if collecting is None and name and _is_target(config, listed, place, name):
                return f"{name} is a fuzz target, and {FLAG} collects those: add it to run {argument}"
            if collecting is not None and bracket:
                path = config.invocation_params.dir.joinpath(place).resolve()
                if known := collecting.collected.get((path, name)):
                    return _no_such_test(name, check.removesuffix("]"), known)
    return ""


def _no_such_test(target: str, check: str, known: Sequence[str]) -> str:
    from fuzzseq.checks.registry import CHECKS  # noqa: PLC0415 (numpy is for those alone who are fuzzing already)

    if check in known:
        return ""
    if any(each.name == check for each in CHECKS):
        return f"{target} has no test [{check}] with these settings: add {FLAG}-check {check}"
    return f"{target} has no test [{check}], and there is no check of that name.{nearest(check, known)}"


def _is_target(config: pytest.Config, files: Iterable[pytest.Module], place: str, name: str) -> bool:
    here = config.invocation_params.dir
    path = (here / place).resolve()
    if any(name in declared_in(file.obj) for file in files if file.path == path or file.obj.__name__ == place):
        return True
    try:
        named = configured(here).get("targets", ())
    except FuzzseqError:
        return False
    return any(
        known == name and (file == place or (here / file).resolve() == path)
        for file, _, known in (reference.rpartition(":") for reference in named)
    )
