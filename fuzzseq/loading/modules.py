"""Where a module's source stands, found as Python's import finds it, and without importing anything."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest
from fuzzseq.loading.source import bytes_of, is_file

#: How the names of modules end that are there and have no source.
_COMPILED: Final = (".so", ".pyd", ".pyc")


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
    folders: Sequence[Path] = (Path.cwd(), *(Path(place or ".") for place in sys.path))
    found: _Found | None = None
    for index, part in enumerate(parts):
        whole = ".".join(parts[: index + 1])
        before, found = found, _in_folders(part, folders)
        if found is None and index == 0:
            found = _by_finders(part)
        if found is None:
            if before is not None and before.source is not None and _makes_its_own(before):
                return None
            raise UsageError(_none(whole, before, folders, parts, index))
        if not found.plain:
            return None
        folders = found.folders
    if found is not None and found.source is None:
        raise UsageError(f"{name} is a folder and no module: give a module in it, {name}.MODULE:NAME.")
    return found.source if found is not None else None


def _in_folders(part: str, folders: Sequence[Path]) -> _Found | None:
    """Return the first package or module of a name in some folders; folders of the name alone are one package."""
    spread: list[Path] = []
    for folder in folders:
        package, module = folder / part, folder / f"{part}.py"
        if is_file(package / "__init__.py"):
            return _Found(source=package / "__init__.py", folders=(package,))
        if is_file(module):
            return _Found(source=module)
        if any(each.name.partition(".")[0] == part and each.suffix in _COMPILED for each in _inside(folder)):
            return _Found(source=None, plain=False)
        if _inside(package):
            spread.append(package)
    return _Found(source=None, folders=tuple(spread)) if spread else None


def _by_finders(part: str) -> _Found | None:
    """Return what Python's own finders know of a name without dots: nothing is imported for that."""
    try:
        spec = importlib.util.find_spec(part)
    except (ImportError, ValueError, AttributeError):
        return _Found(source=None, plain=False)
    if spec is None:
        return None
    folders = tuple(map(Path, spec.submodule_search_locations or ()))
    source = Path(spec.origin) if spec.has_location and spec.origin and spec.origin.endswith(".py") else None
    return _Found(source=source, folders=folders, plain=source is not None and all(each.is_dir() for each in folders))


def _makes_its_own(package: _Found) -> bool:
    """Say whether a package may have modules that no file of that name holds."""
    try:
        code = bytes_of(package.source) if package.source else b""
    except UsageError:
        return True
    return b"__path__" in code or b"sys.modules" in code


def _none(whole: str, before: _Found | None, folders: Sequence[Path], parts: Sequence[str], index: int) -> str:
    if before is not None and not before.folders:
        module = ".".join(parts[:index])
        return (
            f"There is no module {whole!r}: {module} is a module, not a package. Did you mean {module}:{parts[index]}?"
        )
    beside = _inside(folders[0]) if folders else ()
    near = [each.stem for each in beside if (each.suffix == ".py" or each.is_dir()) and each.stem.isidentifier()]
    hint = nearest(whole, [".".join((*parts[:index], name)) for name in near])
    return f"There is no module {whole!r}: check its name, or run where it can be imported.{hint}"


def _inside(folder: Path) -> Sequence[Path]:
    """Return what a folder holds; nothing where it is none, or may not be looked into."""
    try:
        return tuple(folder.iterdir())
    except OSError:
        return ()
