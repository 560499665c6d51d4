"""The texts that ``fuzzseq init`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, Union

import attrs

from fuzzseq.reporting.python_text import literal
from fuzzseq.scaffold.candidate import Candidate, Parameter, is_share
from fuzzseq.scaffold.project_files import TARGETS_FILE
from fuzzseq.targets.dimensions import dimension_of

BASELINE_FILE = "fuzz-baseline.txt"
#: A configuration: code of values, and configurations in it, by their names.
_Tree: TypeAlias = dict[str, Union[str, "_Tree"]]
#: Names that the file of targets has of its own.
_OURS: Final = {"fuzz_target", "dim", "SimpleNamespace", "sys", "Path", "model"}
#: How many letters of values stand in one line.
_SHORT: Final = 80
#: What a factory's target is called ``model`` for; others keep their own name.
_FACTORY_NAMES: Final = ("build", "make", "create", "get")


@attrs.frozen(kw_only=True)
class TargetText:
    """The lines that declare a target: what is imported from which modules, and the rest."""

    standard: tuple[str, ...] = ()
    ours: tuple[str, ...]
    path: str = ""
    user: str
    body: str

    def file(self) -> str:
        """Return a file that holds this target alone."""
        head = f'"""What fuzzseq fuzzes here: fuzzseq run, or pytest --fuzz-seq2seq {TARGETS_FILE}."""\n'
        standard = [*self.standard]
        if self.path:
            standard = [*("import sys", "from pathlib import Path"), *standard]
        first = "".join(f"{line}\n" for line in standard)
        return "\n".join(filter(None, (head, first, self._imports(), "", self.body)))

    def lines(self) -> str:
        """Return the lines that add it to a file of targets."""
        return "\n".join([*self.standard, self._imports().rstrip("\n"), "", self.body])

    def _imports(self) -> str:
        ours = f"from fuzzseq import {', '.join(self.ours)}\n"
        if not self.path:
            return f"{ours}{self.user}\n"
        added = f"sys.path.insert(0, str(Path(__file__).parent / {literal(self.path)}))"
        return f"{ours}\n{added}\n{self.user}\n"


def target_text(candidate: Candidate) -> TargetText:
    """Return what declares a candidate that can be imported by its name."""
    taken = _OURS | {parameter.name for parameter in candidate.parameters}
    called = candidate.name
    while called in taken:
        called += "_"
    root = candidate.root.as_posix() if candidate.root and candidate.root.parts else ""
    renamed = f" as {called}" if called != candidate.name else ""
    user = f"from {candidate.module} import {candidate.name}{renamed}"
    ranges = [p for p in candidate.unplaced if p.is_number and not p.guess]
    by_position = any(p.by_position for p in candidate.parameters)
    if len(ranges) < len(candidate.unplaced) or by_position:
        spaces = any(p.paths and p.attributes for p in candidate.unplaced)
        nested = ("from types import SimpleNamespace",) if spaces else ()
        ours = ("dim", "fuzz_target") if ranges else ("fuzz_target",)
        body = "\n".join(_wrapper(candidate, called, ranges))
        return TargetText(standard=nested, ours=ours, path=root, user=user, body=f"\n{body}\n")
    usual = candidate.name.startswith(_FACTORY_NAMES) or candidate.name in _OURS
    name = "model" if usual else candidate.name
    if not ranges:
        return TargetText(ours=("fuzz_target",), path=root, user=user, body=f"{name} = fuzz_target({called})\n")
    lines = "".join(f"    {parameter.name}=dim(1, 16),  # say what it may be\n" for parameter in ranges)
    body = f"{name} = fuzz_target(\n    {called},\n{lines})\n"
    return TargetText(ours=("dim", "fuzz_target"), path=root, user=user, body=body)


def _wrapper(candidate: Candidate, called: str, ranges: Sequence[Parameter]) -> Iterator[str]:
    """Yield a function that calls the factory with its dimensions, and what stands for its other parameters."""
    dimensions: dict[str, str] = {}
    for each in candidate.parameters:
        if each in ranges or (each.dimension and (each.required or each.default is not None)):
            dimensions[each.name] = "" if each.required else f"={each.default}"
        elif each.guess:
            dimensions[each.guess] = ""
    built = {each.name: _configuration(each, dimensions) for each in candidate.unplaced if each.paths}
    yield f"@fuzz_target({', '.join(f'{each.name}=dim(1, 16)' for each in ranges)})" if ranges else "@fuzz_target"
    ordered = sorted(dimensions, key=lambda name: bool(dimensions[name]))
    yield f"def model({', '.join(name + dimensions[name] for name in ordered)}):"
    for each in candidate.unplaced:
        if each.paths:
            yield f"    # What {candidate.name} reads from {each.name}: add what else reads it, and say what None is."
            yield f"    {each.name} = {built[each.name]}"
        elif each.guess:
            yield f"    {each.name} = {each.guess}  # say what it is"
        elif each.value:
            yield f"    {each.name} = {each.value}  # say what it is"
    if candidate.missing:
        names = ", ".join(candidate.missing)
        yield from (f"    # {name} = ..." for name in candidate.missing)
        yield f'    raise NotImplementedError("fill in {names}, which {candidate.name} takes, and take this line out")'
    given = [each for each in candidate.parameters if each.name in dimensions or each.unplaced]
    # What is given by position alone cannot be given after one that is left out.
    placed = [each for each in candidate.parameters if each.by_position]
    given = [each for each in given if not each.by_position or {*placed[: placed.index(each)]} <= {*given}]
    arguments = (each.name if each.by_position else f"{each.name}={each.name}" for each in given)
    yield f"    return {called}({', '.join(arguments)})"


def _configuration(parameter: Parameter, dimensions: dict[str, str]) -> str:
    """Return what stands for a configuration: the dimensions that are read from it, None for the rest.

    They are added to ``dimensions``, unless the factory has a parameter of that name.
    """
    tree: _Tree = {}
    for path in sorted(parameter.paths, key=len):
        *outer, last = path
        inner = tree
        for part in outer:
            held = inner.get(part)
            deeper: _Tree = held if isinstance(held, dict) else {}
            inner[part] = deeper
            inner = deeper
        whole = "_".join(path)
        name = whole if dimension_of(whole) else last
        if dimension_of(name):
            dimensions.setdefault(name, "")
        inner[last] = name if dimension_of(name) else "0.1" if is_share(last) else "None"
    return _nested(tree, parameter.attributes, "    ")


def _nested(tree: _Tree, attributes: bool, indent: str) -> str:
    """Return a configuration as code: in one line where that is short."""
    inner = f"{indent}    "
    values = {
        key: _nested(value, attributes, inner) if isinstance(value, dict) else value for key, value in tree.items()
    }
    parts = [f"{key}={value}" if attributes else f"{literal(key)}: {value}" for key, value in values.items()]
    opening, closing = ("SimpleNamespace(", ")") if attributes else ("{", "}")
    line = ", ".join(parts)
    if len(line) < _SHORT and "\n" not in line:
        return f"{opening}{line}{closing}"
    return "\n".join([opening, *(f"{inner}{part}," for part in parts), f"{indent}{closing}"])


def settings_text(target: str) -> str:
    """Return the section of pyproject.toml, with the target that is fuzzed where none is named."""
    return (
        "[tool.fuzzseq]\n"
        "# JSON Schema of these keys, for editors: settings/pyproject.schema.json in the package fuzzseq\n"
        f"targets = [{json.dumps(target, ensure_ascii=False)}]\n"
        'profile = "quick"  # while you write; --profile ci on every push, --profile nightly while you sleep\n'
    )


#: The nightly job of each host of code, ``HOST.yml`` beside this file: where it goes, and what is left to do by hand.
JOBS = {
    "github": (".github/workflows/fuzz.yml", "it runs nightly once it is on the default branch"),
    "gitlab": (
        ".gitlab/fuzz.yml",
        "add 'include: .gitlab/fuzz.yml' to .gitlab-ci.yml, and a schedule in the project's settings",
    ),
}
