"""Writing what ``fuzzseq init`` writes: nothing that is there is written over, and nothing that is no Python."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from fuzzseq import baseline
from fuzzseq.errors import OutputError, UsageError
from fuzzseq.files import output_files
from fuzzseq.files.input_files import read_text
from fuzzseq.loading.source import tree_of
from fuzzseq.scaffold import gitignore
from fuzzseq.scaffold.candidate import Candidate
from fuzzseq.scaffold.project_files import TARGETS_FILE
from fuzzseq.scaffold.texts import BASELINE_FILE, JOBS, settings_text, target_text
from fuzzseq.settings.configuration import section_in, section_of

_PROJECT: Final = "pyproject.toml"


@attrs.frozen(kw_only=True)
class Written:
    """One file that was written, or was there already and left as it is; ``add`` is what is left to add to it."""

    file: str
    new: bool
    note: str = ""
    add: str = ""


def write(folder: Path, candidate: Candidate, host: str | None, *, named: bool) -> list[Written]:
    """Write a first fuzz target, its settings, what git leaves out, and a nightly job of a host of code.

    A target that was ``named`` is to be fuzzed: what a file that is there lacks of it is said. Raises
    :class:`fuzzseq.errors.ConfigurationError` for a pyproject.toml that is no TOML, before anything is written.
    """
    section = section_of(folder / _PROJECT) if os.path.lexists(folder / _PROJECT) else None
    if candidate.imported_by_name:
        declared = target_text(candidate)
        try:
            compile(declared.file(), TARGETS_FILE, "exec")
        except (SyntaxError, ValueError) as error:
            raise UsageError(
                f"{candidate.label} cannot be declared in a file of its own ({error}): decorate it with @fuzz_target."
            ) from None
        settings = _write_settings(folder, TARGETS_FILE, section)
        target = _write_new(folder, TARGETS_FILE, declared.file(), f"{candidate.module}.{candidate.name}")
        if named and not target.new and not _imports(folder / TARGETS_FILE, candidate):
            target = attrs.evolve(target, add=declared.lines())
        written = [target, settings if named or target.new else attrs.evolve(settings, add="")]
    else:
        settings = _write_settings(folder, candidate.label, section)
        written = [settings if named else attrs.evolve(settings, add="")]
    try:
        text, added = gitignore.ignoring(folder)
        if added:
            _write(folder / gitignore.NAME, text)
            written.append(Written(file=gitignore.NAME, new=True, note=", ".join(added)))
    except UsageError as error:  # Where that cannot be, init goes on.
        written.append(Written(file=gitignore.NAME, new=False, note=str(error).rstrip(".")))
    if host is not None:
        name, left = JOBS[host]
        text = Path(__file__).with_name(f"{host}.yml").read_text(encoding="utf-8")
        written.append(_write_new(folder, name, text, left))
        written.append(_write_new(folder, BASELINE_FILE, baseline.HEAD, "no finding is known yet"))
    return written


def _imports(file: Path, candidate: Candidate) -> bool:
    """Say whether a file of targets has a candidate already."""
    try:
        nodes = [*ast.walk(tree_of(file, file.name))]
    except UsageError:
        return False
    froms = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == candidate.module)
    return any(alias.name == candidate.name for node in froms for alias in node.names)


def _write_settings(folder: Path, target: str, section: Mapping[str, object] | None) -> Written:
    """Add the section of fuzzseq to the settings of a project that have none."""
    place, line = folder / _PROJECT, json.dumps(target, ensure_ascii=False)
    if section is not None:
        targets = section.get("targets")
        there = target == targets or (isinstance(targets, list) and target in targets)
        add = "" if there else f"{line} to its targets" if targets else f"targets = [{line}]"
        return Written(file=_PROJECT, new=False, note="it has a section [tool.fuzzseq]", add=add)
    before = read_text(place, advice="Fix it first") if os.path.lexists(place) else ""
    end = "\r\n" if "\r\n" in before else "\n"
    apart = end * (2 - (before.endswith("\n") + before.endswith(end * 2))) if before else ""
    text = before + apart + settings_text(target).replace("\n", end)
    try:
        section_in(text, place)
    except UsageError:
        raise UsageError(
            f"{_PROJECT} takes no table [tool.fuzzseq] at its end: write fuzzseq = {{targets = [{line}]}} into its "
            "table 'tool'."
        ) from None
    _write(place, text)
    return Written(file=_PROJECT, new=True, note="[tool.fuzzseq]")


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
