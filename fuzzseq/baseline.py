"""The baseline: a file of findings that are known and fail no run, one in a line, for a repository to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from fuzzseq import output_files
from fuzzseq.case import Domain
from fuzzseq.causes import CAUSES
from fuzzseq.errors import UsageError
from fuzzseq.format_versions import BASELINE, BASELINE_HEAD

#: How the file begins.
HEAD: Final = f"""\
{BASELINE_HEAD} {BASELINE}
# Findings of fuzzseq that are known and fail no run: id, target, what it is. Lines may be taken out and added by hand;
# "fuzzseq baseline update FILE" writes this file anew from the last run.
"""
_ID: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*-[0-9a-f]{8}")
_APART: Final = re.compile(r"\s{2,}|\t")
#: What ends the line of a finding that ordinary inputs do not show.
_ENDS: Final[dict[str, Domain]] = {" (edge)": "edge", " (hostile)": "hostile"}


@attrs.frozen
class Known:
    """What a baseline says of a finding: its target, empty where that is not said, and the domain that shows it."""

    target: str = ""
    domain: Domain = "ordinary"


def read(path: Path) -> dict[str, Known]:
    """Return the ids of a baseline, with what it says of each.

    Raises :class:`UsageError` for a file that cannot be read, or a line that begins with no id.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise UsageError(
            f"The baseline {path} cannot be read: {reason}. Begin one with 'fuzzseq baseline update {path}'."
        ) from None
    found: dict[str, Known] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        id_, *rest = _APART.split(line.strip())
        id_, *others = id_.split()
        if not _ID.fullmatch(id_):
            raise UsageError(f"{path}, line {number}: {id_!r} is no id of a finding, as input-vocabulary-1a2b3c4d.")
        domain: Domain = next((_ENDS[end] for end in _ENDS if line.rstrip().endswith(end)), "ordinary")
        found[id_] = Known() if others or not rest else Known(rest[0], domain)
    return found


def write(path: Path, known: Mapping[str, Known]) -> None:
    """Write a baseline of ids whole; raises :class:`OutputError`, and leaves it as it was, where that fails."""
    titles = {cause.slug: cause.title for cause in CAUSES}
    text = HEAD
    ends = {domain: end for end, domain in _ENDS.items()}
    for id_, each in sorted(known.items(), key=lambda line: (line[1].target, line[0])):
        title = f"{titles.get(id_.rpartition('-')[0], '')}{ends.get(each.domain, '')}"
        said = (id_, each.target, title if each.target else "")
        text += f"{'  '.join(part for part in said if part)}\n"
    output_files.replace(path, text, "The baseline")
