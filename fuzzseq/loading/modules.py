"""Where a module's source stands, found as Python's import finds it, and without importing anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import invalidate_caches
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import attrs

from fuzzseq.errors import UsageError, nearest
from fuzzseq.loading.source import bytes_of


@attrs.frozen(kw_only=True)
class _Found:
    """One part of a dotted name: its source, where it has one, and the folders that the next part is looked for in."""

    source: Path | None
    folders: tuple[Path, ...] = ()
    plain: bool = True


def source_of_module(name: str) -> Path | None:
    """Return the source of a module; None where only importing it can tell.

    Raises :class:`UsageError` where there is no such module.
    """
    parts = name.split(".")
    # Python's finders remember what a folder held, and where the current one was, longer than a notebook does.
    invalidate_caches()
    folders: Sequence[Path] = (Path.cwd(), *(Path(place).absolute() for place in sys.path))
    found: _Found | None = None
    for index, part in enumerate(parts):
        whole = ".".join(parts[: index + 1])
        before, found = found, _part(part, folders, first=index == 0)
        if found is None:
            if before is not None and before.source is not None and _makes_its_own(before):
                return None
            if before is not None and not before.folders:
                module = ".".join(parts[:index])
                raise UsageError(
                    f"There is no module {whole!r}: {module} is a module, not a package. Did you mean {module}:{part}?"
                )
            beside = _inside(folders[0]) if folders else ()
            near = [
                each.stem for each in beside if (each.suffix == ".py" or each.is_dir()) and each.stem.isidentifier()
            ]
            hint = nearest(whole, [".".join((*parts[:index], name)) for name in near])
            raise UsageError(f"There is no module {whole!r}: check its name, or run where it can be imported.{hint}")
        if not found.plain:
            return None
        folders = found.folders
    if found is not None and found.source is None:
        raise UsageError(f"{name} is a folder and no module: give a module in it, {name}.MODULE:NAME.")
    return found.source if found is not None else None


def _part(part: str, folders: Sequence[Path], *, first: bool) -> _Found | None:
    """Return a package or module as Python's own finders know it: nothing is imported for that."""
    try:
        spec = PathFinder.find_spec(part, [str(folder) for folder in folders])
        if spec is not None and spec.origin is None:  # Folders of the name alone are one package.
            if spread := tuple(filter(_inside, map(Path, spec.submodule_search_locations or ()))):
                return _Found(source=None, folders=spread)
            spec = None
        if spec is None and first:
            spec = find_spec(part)
    except (ImportError, ValueError, AttributeError):
        return _Found(source=None, plain=False)
    if spec is None:
        return None
    inside = tuple(map(Path, spec.submodule_search_locations or ()))
    source = Path(spec.origin) if spec.has_location and spec.origin and spec.origin.endswith(".py") else None
    return _Found(source=source, folders=inside, plain=source is not None and all(map(Path.is_dir, inside)))


def _makes_its_own(package: _Found) -> bool:
    """Say whether a package may have modules that no file of that name holds."""
    try:
        code = bytes_of(package.source) if package.source else b""
    except UsageError:
        return True
    return b"__path__" in code or b"sys.modules" in code


def _inside(folder: Path) -> Sequence[Path]:
    try:
        return tuple(folder.iterdir())
    except OSError:
        return ()
