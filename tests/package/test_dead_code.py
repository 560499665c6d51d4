"""Nothing is defined that nobody uses."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import fuzzseq
import fuzzseq.strategies

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    path: path.read_text(encoding="utf-8")
    for part in ("fuzzseq", "strategies")
    for path in ROOT.glob(f"{part}/**/*.py")
}
#: What templates use, and what is called by a name that is put together.
TEMPLATES = " ".join(path.read_text(encoding="utf-8") for path in ROOT.glob("fuzzseq/**/*.jinja"))

#: What others call: by their prefix, hooks of pytest, of ast and of click.
HOOKS = ("__", "pytest_", "visit_")
#: What nobody in the package names, each with the reason why it is there.
ALLOWED = {
    "fuzzseq/api.py _repr_html_": "a notebook calls it",
    "fuzzseq/reproduce/script_only.py as_graph": "a script pastes it where it writes a call of it",
    "fuzzseq/reproduce/script_only.py dropout_calls": "likewise",
    "fuzzseq/reproduce/script_only.py moved_by_padding": "likewise",
    "fuzzseq/checks/produced.py departure": "likewise",
    "fuzzseq/worker/service.py do_load": "a command is answered by the method of its name",
    "fuzzseq/worker/service.py do_infer": "likewise",
    "fuzzseq/worker/service.py do_open": "likewise",
    "fuzzseq/worker/service.py do_run": "likewise",
    "fuzzseq/worker/keras_api/private_names.py compute_output_spec": "Keras calls it",
    "fuzzseq/pytest_plugin/item.py runtest": "pytest calls it",
    "fuzzseq/pytest_plugin/scheduling.py _split_scope": "pytest-xdist calls it",
}


def used() -> Counter[str]:
    """Return how often each name is used in the package: read, imported, given by keyword, or written as text."""
    names: Counter[str] = Counter()
    for text in FILES.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
                names[node.id] += 1
            elif isinstance(node, ast.Attribute):
                names[node.attr] += 1
            elif isinstance(node, ast.keyword) and node.arg:
                names[node.arg] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:
                names.update(node.value.replace(":", " ").replace(".", " ").split())
    return names


USED = used() + Counter(dict.fromkeys(TEMPLATES.replace(".", " ").replace("(", " ").split(), 1))
PUBLIC = {*fuzzseq.__all__, *fuzzseq.strategies.__all__}


def defined(path: Path) -> list[tuple[int, str]]:
    """Return the functions, classes, methods and constants of a module, each with its line."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    found = [(node.lineno, node.name) for node in ast.walk(ast.parse(FILES[path])) if isinstance(node, kinds)]
    for node in ast.parse(FILES[path]).body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name):
            found.append((node.lineno, target.id))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_is_defined_is_used(path: Path) -> None:
    """A function, class, method or constant is used in the package, is public, or stands above with its reason."""
    place = str(path.relative_to(ROOT))
    if place.startswith("fuzzseq/examples"):
        return
    dead = [
        f"{place}:{line} {name}"
        for line, name in defined(path)
        if not USED[name]
        and name not in PUBLIC
        and not name.startswith(HOOKS)
        and name != "_"
        and f"{place} {name}" not in ALLOWED
    ]
    assert not dead


def test_what_is_allowed_is_there() -> None:
    """The list of what nobody names holds nothing that has gone, or that is used by now."""
    there = {f"{path.relative_to(ROOT)} {name}" for path in FILES for _, name in defined(path) if not USED[name]}
    assert set(ALLOWED) <= there
