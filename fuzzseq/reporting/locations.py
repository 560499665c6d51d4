"""Where a finding is in the user's code, as build servers name it: from the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from fuzzseq.files import notebooks
from fuzzseq.findings import Finding
from fuzzseq.protocol.outcome import Frame
from fuzzseq.shown_paths import is_away, root


def file_of(finding: Finding) -> Path | None:
    """Return the file that a finding is in: that of the user's line, else of its target; None where there is none."""
    frame = finding.location
    if frame is not None:
        return Path(frame.file) if frame.file and not frame.file.startswith("<") else None
    place = finding.target.rpartition(":")[0]
    return Path(place) if place.endswith((".py", notebooks.SUFFIX)) else None


def line_of(finding: Finding) -> int | None:
    """Return the line of that file; None where it is not known, and for a cell: a notebook's file has other lines."""
    frame = finding.location
    return frame.line or None if frame is not None and frame.cell is None and file_of(finding) is not None else None


def located(finding: Finding) -> Frame | None:
    """Return the user's line, its file as it is called from the root where it lies there."""
    frame, file = finding.location, file_of(finding)
    near = from_root(file) if file is not None else None
    return frame if frame is None or near is None else attrs.evolve(frame, file=near)


def from_root(file: Path) -> str | None:
    """Return a file as it is called from the root, with slashes; None where it lies elsewhere."""
    if is_away(str(file)):
        return None
    base = root()
    whole = Path(os.path.normpath(Path.cwd() / file))
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else None
