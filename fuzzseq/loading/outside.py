"""What a log or a replay file would have imported: found without importing it, and refused where it is not the user's.

A file names code to run. Whoever wrote the file has not been asked by the user, who named the file and stands in a
folder: code below that folder is run, and anything else only when the user names it or says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fuzzseq.errors import UsageError
from fuzzseq.grammar import shown
from fuzzseq.loading.references import place_reference
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.shown_paths import is_away

_EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"


def imports_named_in(
    source: str, references: Iterable[str], *, below: Path | None = None, trust: bool = False
) -> list[str]:
    """Return the files and modules that references would have imported, as they name them; nothing is imported.

    ``source`` is the file that names these targets or checks, as it is shown. Raises :class:`UsageError` for what is
    not there, cannot be found without importing something, or does not lie ``below`` a folder (the current one usually)
    without ``trust``.
    """
    allowed = ((below or Path.cwd()).resolve(), _EXAMPLES)
    labels = []
    for reference in references:
        if is_away(reference):
            raise UsageError(
                f"{source} names {shown(reference)}, which lies outside of the project, and holds no more of its path: "
                "name what to import with --target FILE:NAME."
            )
        named = place_reference(reference)
        label = named.get("file") or named["module"]
        files = [Path(label).resolve()] if "file" in named else _files_of_module(label)
        strange = next((f for f in files if not (is_users(str(f)) and any(map(f.is_relative_to, allowed)))), None)
        if not trust and (strange is not None or not files):
            where = (
                f"is {strange}, outside of the current folder" if strange is not None else "cannot be found below it"
            )
            raise UsageError(
                f"{source} names {shown(label)}, which {where}: name what to import with --target FILE:NAME, or give "
                "--trust where you trust who wrote the file."
            )
        labels.append(label)
    return list(dict.fromkeys(labels))


def _files_of_module(module: str) -> Sequence[Path]:
    """Return the files that importing a module runs first; none where they cannot be found without importing."""
    names = module.split(".")
    if names[0] in sys.stdlib_module_names:
        return ()
    spec = PathFinder.find_spec(names[0], [str(Path.cwd())]) or find_spec(names[0])
    found: list[Path] = []
    for depth in range(1, len(names) + 1):
        if spec is None:
            return ()
        if spec.has_location and spec.origin is not None:
            found.append(Path(spec.origin).resolve())
        if depth < len(names):
            places = spec.submodule_search_locations
            spec = PathFinder.find_spec(".".join(names[: depth + 1]), places) if places else None
    return found
