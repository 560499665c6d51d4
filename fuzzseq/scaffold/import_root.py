"""The folder from which a file of a project is imported by name: its own, ``src``, or one in between."""

from __future__ import annotations

import sys
from pathlib import Path

from fuzzseq.reporting.python_text import is_dotted
from fuzzseq.scaffold.code_names import CodeNames


def import_root(folder: Path, names: CodeNames) -> Path | None:
    """Return the folder, from that of the project, from which a file can be imported; None where its path is no name.

    Of several it is the one in which most of what the file imports is found; ``src`` before the project's own.
    """
    if names.place.is_absolute() or ".." in names.place.parts:
        return None
    package = names.place.parent
    while (folder / package / "__init__.py").exists() and package != package.parent:
        package = package.parent
    roots = []
    for root in reversed((package, *package.parents)):
        parts = names.place.relative_to(root).with_suffix("").parts
        # A name that Python can import, and that no module of Python's own has.
        if is_dotted(".".join(parts)) and parts[0] not in sys.stdlib_module_names:
            roots.append(root)
    if names.imports_relatively:  # It works in a package alone, which the project's folder may be itself.
        roots = [root for root in roots if root != names.place.parent]
    usual = sorted(roots, key=lambda root: root.name != "src")
    needed = {name for name in names.imported() if not _holds(folder, name)}
    return max(usual, key=lambda root: sum(_holds(folder / root, name) for name in needed), default=None)


def _holds(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").exists() or (folder / module).is_dir()
