"""The baseline: a file of findings that are known and fail no run, one in a line, for a repository to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.cases.case import Domain
from fuzzseq.causes.catalog import CAUSES
from fuzzseq.errors import UsageError
from fuzzseq.files import output_files
from fuzzseq.files.format_versions import BASELINE, BASELINE_HEAD, other_version
from fuzzseq.files.input_files import read_text
from fuzzseq.grammar import FINDING_ID, Label, Misfit
from fuzzseq.protocol.serialization import from_data

#: How the file begins.
HEAD: Final = f"""\
{BASELINE_HEAD} {BASELINE}
# Findings that do not fail a run: id, target, title. Lines may be added and removed by hand;
# "fuzzseq baseline update FILE" updates this file from the latest run.
"""
_VERSION: Final = re.compile(rf"{re.escape(BASELINE_HEAD)}\s*(\d{{1,9}})\b")
_APART: Final = re.compile(r"\s{2,}|\t")
#: What ends the line of a finding that ordinary inputs do not show.
_ENDS: Final[dict[str, Domain]] = {" (edge)": "edge", " (invalid)": "invalid"}


@attrs.frozen
class BaselineEntry:
    """What a baseline says of a finding: the identity of its target, empty where that is not said, and its domain."""

    target: Label = ""
    domain: Domain = "ordinary"


def read(path: Path) -> dict[str, BaselineEntry]:
    """Return the ids of a baseline, with what it says of each.

    Raises :class:`UsageError` for a file that cannot be read, is of another version, or has a line that begins with no
    id.
    """
    text = read_text(path, what="The baseline", advice=f"Begin one with 'fuzzseq baseline update {path}'")
    found: dict[str, BaselineEntry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if version := _VERSION.match(line):
            if why := other_version(int(version[1]), BASELINE, BASELINE):
                raise UsageError(f"{path} {why}: delete it, and run 'fuzzseq baseline update {path}'.")
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        id_, *rest = _APART.split(line.strip())
        id_, *others = id_.split()
        if why := FINDING_ID.objection(id_):
            raise UsageError(f"{path}, line {number}: {why}. Remove that line, or fix its id.")
        domain: Domain = next((_ENDS[end] for end in _ENDS if line.rstrip().endswith(end)), "ordinary")
        try:
            found[id_] = BaselineEntry() if others or not rest else BaselineEntry(from_data(rest[0], Label), domain)
        except Misfit as misfit:
            raise UsageError(f"{path}, line {number}: the target {misfit}. Take that line out.") from None
    return found


def write(path: Path, entries: Mapping[str, BaselineEntry]) -> None:
    """Write a baseline of ids whole; raises :class:`OutputError`, and leaves it as it was, where that fails."""
    titles = {cause.slug: cause.title for cause in CAUSES}
    text = HEAD
    ends = {domain: end for end, domain in _ENDS.items()}
    for id_, each in sorted(entries.items(), key=lambda line: (line[1].target, line[0])):
        title = f"{titles.get(id_.rpartition('-')[0], '')}{ends.get(each.domain, '')}"
        said = (id_, each.target, title if each.target else "")
        text += f"{'  '.join(part for part in said if part)}\n"
    output_files.replace(path, text, "The baseline")
