"""Where a finding is in the user's code, as build servers name it: from the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

from fuzzseq.findings import Finding

#: The variables in which build servers name the folder of the repository.
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def root() -> Path:
    """Return the root of the repository around the current folder: the server's, else git's, else that folder."""
    here = Path.cwd()
    for name in _ROOTS:
        told = os.environ.get(name)
        if told and here.is_relative_to(told):
            return Path(told)
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def file_of(finding: Finding) -> Path | None:
    """Return the file that a finding is in: that of the user's line, else of its target; None for a module's."""
    if finding.location is not None:
        return Path(finding.location.file)
    place = finding.target.rpartition(":")[0]
    return Path(place) if place.endswith(".py") else None


def from_root(file: Path) -> str | None:
    """Return a file as it is called from the root, with slashes; None where it lies elsewhere."""
    whole, base = Path.cwd() / file, root()
    whole = Path(os.path.normpath(whole))
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else None
