"""The lines of a ``.gitignore`` that keep what runs write out of a project's history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fuzzseq.files.input_files import read_text
from fuzzseq.history import NAME as HISTORY
from fuzzseq.reporting.folder import REPORTS
from fuzzseq.settings import USUAL_CORPUS

NAME: Final = ".gitignore"
_ADVICE: Final = "Save it as UTF-8"
#: What runs write into a folder ``reports`` that holds other things as well: themselves, and their history.
_RUNS: Final = (f"{REPORTS}/????-??-??T??????*/", f"{REPORTS}/{HISTORY}")


def ignoring(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Return what the ``.gitignore`` of a folder is to hold, and the lines that this adds; none where there are all.

    There is none to write where the folder is in no repository and has none: both folders carry one of their own.
    Raises :class:`fuzzseq.errors.UsageError` for one that cannot be read.
    """
    own = folder / NAME
    there = os.path.lexists(own)
    repository = next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)
    if not there and repository is None:
        return "", ()
    before = read_text(own, advice=_ADVICE) if there else ""
    held = set(map(_plain, before.splitlines()))
    for each in folder.parents if repository else ():
        if each.is_relative_to(repository or each) and os.path.lexists(each / NAME):
            lines = read_text(each / NAME, advice=_ADVICE).splitlines()
            # A pattern with a slash in it is about that folder alone.
            held |= {_plain(line) for line in lines if "/" not in line.strip().rstrip("/")}
    try:
        reports = [each for each in (folder / REPORTS).iterdir() if each.name not in (NAME, HISTORY)]
    except OSError:
        reports = []
    # No run wrote these.
    others = any(not (each.is_dir() and each.match("????-??-??T??????*")) for each in reports)
    wanted = (f"{USUAL_CORPUS}/", *(_RUNS if others else (f"{REPORTS}/",)))
    added = tuple(line for line in wanted if not {_plain(line), line.partition("/")[0]} & held)
    end = "\r\n" if "\r\n" in before else "\n"
    # One that lacks the end of its last line keeps it so.
    apart, last = (end, "") if before and not before.endswith("\n") else ("", end)
    return f"{before}{apart}{end.join(added)}{last}", added


def _plain(line: str) -> str:
    """Return a pattern without what makes no difference here: ``/reports``, ``reports/*`` and ``!reports/`` are one."""
    name = line.strip().removeprefix("!").removeprefix("**/").removeprefix("/")
    return name.removesuffix("/").removesuffix("/**").removesuffix("/*")
