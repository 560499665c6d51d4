"""The versions of the files that fuzzseq writes and reads again: one table, and what is said of another version.

A version is one whole number. It grows when a reader of the one before would misread the file, and only then: a new
field with a default keeps it, and is ignored by whoever does not know it. A file without a version is of version 1, but
for a baseline, which was begun by hand then.
"""

from __future__ import annotations

from typing import Final

#: The key of the version in a JSON object: of a file, or of a line.
KEY: Final = "format_version"

#: ``<id>.json``, a finding that can be replayed, and ``report.json``.
FINDING: Final = 1
REPORT: Final = 1
#: ``events.ndjson``: stands in its first line, and in the first of each run that was resumed.
LOG: Final = 1
#: What ``fuzzseq inspect --json`` prints.
INSPECTION: Final = 1
#: A line of ``history.jsonl``; it grows as well when the ids of findings are made by another recipe.
HISTORY: Final = 2
#: An entry of the corpus.
CORPUS: Final = 1
#: A baseline: stands in its first line, and grows as the history does.
BASELINE: Final = 2
BASELINE_HEAD: Final = "# fuzzseq-baseline:"
#: ``.fuzzseq-run``, which names the files of the run that wrote to a folder: stands in its first line.
RUN: Final = 1


def other_version(found: object, newest: int, oldest: int = 1) -> str:
    """Return why a file of the version ``found`` cannot be read where those from ``oldest`` on can; else nothing.

    The text goes on after the name of the file: ``has format version 2, and this fuzzseq reads 1: ...``.
    """
    if type(found) is int and oldest <= found <= newest:
        return ""
    read = str(newest) if newest == oldest else f"{oldest} to {newest}"
    newer = type(found) is int and found > newest
    shown = repr(found) if len(repr(found)) <= 40 else f"{repr(found)[:37]}..."
    older = type(found) is int and 1 <= found < oldest
    why = "update fuzzseq, or" if newer else "its ids of findings are outdated;" if older else "no fuzzseq writes that;"
    return f"has format version {shown}, and this fuzzseq reads {read}: {why} make the file again"
