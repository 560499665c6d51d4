"""The baseline: a file of findings that are known and fail no run, one in a line, for a repository to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fuzzseq.causes import CAUSES
from fuzzseq.errors import OutputError, UsageError

#: How the file begins.
HEAD: Final = """\
# Findings of fuzzseq that are known and fail no run: id, target, what it is. Lines may be taken out and added by hand;
# "fuzzseq baseline update" writes this file anew from a run.
"""
_ID: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*-[0-9a-f]{8}")
_APART: Final = re.compile(r"\s{2,}|\t")


def read(path: Path) -> dict[str, str]:
    """Return the ids of a baseline, each with its target; empty where the line does not say.

    Raises :class:`UsageError` for a file that cannot be read, or a line that begins with no id.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise UsageError(
            f"The baseline {path} cannot be read: {reason}. Begin one with 'fuzzseq baseline update {path}'."
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        id_, *rest = _APART.split(line.strip())
        id_, *others = id_.split()
        if not _ID.fullmatch(id_):
            raise UsageError(f"{path}, line {number}: {id_!r} is no id of a finding, as input-vocabulary-1a2b3c4d.")
        found[id_] = "" if others or not rest else rest[0]
    return found


def write(path: Path, known: Mapping[str, str]) -> None:
    """Write a baseline of ids with their targets; raises :class:`OutputError` where the file cannot be written."""
    titles = {cause.slug: cause.title for cause in CAUSES}
    text = HEAD
    for id_, target in sorted(known.items(), key=lambda line: (line[1], line[0])):
        said = (id_, target, titles.get(id_.rpartition("-")[0], "") if target else "")
        text += f"{'  '.join(part for part in said if part)}\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"The baseline {path} cannot be written: {reason}. Give another file.") from None
