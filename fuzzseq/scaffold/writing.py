"""Writing what ``fuzzseq init`` writes: nothing that is there is written over."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from fuzzseq import baseline
from fuzzseq.errors import OutputError
from fuzzseq.files import output_files
from fuzzseq.files.input_files import read_text
from fuzzseq.scaffold.finding_models import Candidate
from fuzzseq.scaffold.texts import BASELINE_FILE, JOBS, SETTINGS, TARGETS_FILE, targets_text
from fuzzseq.settings.configuration import section_of


@attrs.frozen(kw_only=True)
class Written:
    """One file that was written, or was there already and left as it is."""

    file: str
    new: bool
    note: str = ""


def write(folder: Path, candidate: Candidate, host: str | None) -> list[Written]:
    """Write a first fuzz target, its settings, and a nightly job of a host of code.

    Raises :class:`fuzzseq.errors.ConfigurationError` for a pyproject.toml that is no TOML, before anything is written.
    """
    project = folder / "pyproject.toml"
    there = os.path.lexists(project)
    has_settings = there and section_of(project) is not None
    written = [_write_new(folder, TARGETS_FILE, targets_text(candidate), f"{candidate.module}.{candidate.name}")]
    if has_settings:
        written.append(Written(file=project.name, new=False, note="it has a section [tool.fuzzseq]"))
    else:
        before = read_text(project, advice="Fix it first") if there else ""
        apart = "\n" * (2 - (before.endswith("\n") + before.endswith("\n\n"))) if before else ""
        _write(project, before + apart + SETTINGS)
        written.append(Written(file=project.name, new=True, note="[tool.fuzzseq]"))
    if host is not None:
        name, left = JOBS[host]
        text = Path(__file__).with_name(f"{host}.yml").read_text(encoding="utf-8")
        written.append(_write_new(folder, name, text, left))
        written.append(_write_new(folder, BASELINE_FILE, baseline.HEAD, "no finding is known yet"))
    return written


def _write_new(folder: Path, name: str, text: str, note: str) -> Written:
    place = folder / name
    if os.path.lexists(place):
        return Written(file=name, new=False, note="it is there already")
    _write(place, text)
    return Written(file=name, new=True, note=note)


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place} cannot be written: {output_files.reason_of(error)}. Make room for it.") from None
    output_files.replace(place, text, advice="Put a file in its place that can be written")
