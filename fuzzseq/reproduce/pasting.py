"""The source text of real functions, for a script to hold.

It is read from their modules' files: a controller that imported them would load TensorFlow.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
#: Where functions are pasted from. They name each other's functions and constants, and no others.
_SOURCES: Final = (
    "cases/arrays.py",
    "cases/states.py",
    "checks/gaps.py",
    "checks/produced.py",
    "reproduce/runtime.py",
    "reproduce/script_only.py",
)


def called_functions(body: str, known: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the text of what a script's body calls, and of what that uses in turn, in the order of their modules.

    Names that are ``known`` to the script are its own.
    """
    calls = (node.func for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Call))
    definitions = _definitions()
    wanted = set[str]()
    fresh = ({called.id for called in calls if isinstance(called, ast.Name)} & definitions.keys()) - known
    while fresh:
        wanted |= fresh
        fresh = {used for name in fresh for used in definitions[name][1] & definitions.keys()} - wanted
    return (text for name, (text, _) in definitions.items() if name in wanted)


@cache
def _definitions() -> dict[str, tuple[str, frozenset[str]]]:
    """Return the functions and constants of the sources by name: the text of each, and the names that it uses."""
    found = {}
    for source in _SOURCES:
        text = (_PACKAGE / source).read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            name = node.name if isinstance(node, ast.FunctionDef) else None
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
            if name is not None:
                used = frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name)) - {name}
                found[name] = (_without_annotations(text, node), used)
    return found


def _without_annotations(text: str, node: ast.stmt) -> str:
    """Return the text of a definition with its types left out: their names are not imported by a script."""
    lines = text.encode().splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    whole = b"".join(lines)

    def end(each: ast.expr | ast.stmt) -> int:
        return starts[(each.end_lineno or 1) - 1] + (each.end_col_offset or 0)

    def start(each: ast.expr | ast.stmt | ast.arg) -> int:
        return starts[each.lineno - 1] + each.col_offset

    cuts = list[tuple[int, int]]()
    for each in ast.walk(node):
        if isinstance(each, ast.arg) and each.annotation is not None:
            cuts.append((start(each) + len(each.arg), end(each.annotation)))
        elif isinstance(each, ast.AnnAssign):
            cuts.append((end(each.target), end(each.annotation)))
        elif isinstance(each, ast.FunctionDef) and each.returns is not None:
            cuts.append((whole.rindex(b" ->", 0, start(each.returns)), end(each.returns)))
    kept, at = b"", start(node)
    for cut, resumed in sorted(cuts):
        kept, at = kept + whole[at:cut], resumed
    return (kept + whole[at : end(node)]).decode()
