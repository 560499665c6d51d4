"""Where a finding is in the user's code, as build servers name it: from the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

from fuzzseq.findings import Finding
from fuzzseq.shown_paths import is_away, root


def file_of(finding: Finding) -> Path | None:
    """Return the file that a finding is in: that of the user's line, else of its target; None for a module's."""
    if finding.location is not None:
        return Path(finding.location.file)
    place = finding.target.rpartition(":")[0]
    return Path(place) if place.endswith(".py") else None


def from_root(file: Path) -> str | None:
    """Return a file as it is called from the root, with slashes; None where it lies elsewhere."""
    if is_away(str(file)):
        return None
    base = root()
    whole = Path(os.path.normpath(Path.cwd() / file))
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else None
