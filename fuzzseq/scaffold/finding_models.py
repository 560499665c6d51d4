"""Functions that build models, and models that are built, found in a project's files by reading them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest
from fuzzseq.loading.references import target_reference
from fuzzseq.loading.source import tree_of
from fuzzseq.reporting.python_text import is_dotted
from fuzzseq.targets.dimensions import dimension_of

#: Folders that hold other people's code, or tests of one's own.
_ELSEWHERE: Final = {"site-packages", "node_modules", "build", "dist", "tests", "test", "venv", "env"}
#: What a built model is an instance of.
_MODELS: Final = {"Model", "Functional", "Sequential"}
#: How a call begins, or its name ends, that has to do with models.
_KERAS: Final = ("keras.", "tf.keras.", "layers.", "keras_hub.")
_LAYERS: Final = ("Model", "Transformer", "Seq2Seq", "Translator", "Embedding", "LSTM", "GRU", "Dense")
#: Values that are no model, and make none.
_PLAIN: Final = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)


@attrs.frozen(kw_only=True)
class Candidate:
    """Something in a file that a fuzz target can be made of.

    ``unknown`` are the parameters that have no default and are no known dimension. ``built`` is True for a model that
    stands in the file, and is no function.
    """

    file: Path
    name: str
    unknown: tuple[str, ...] = ()
    built: bool = False

    @property
    def module(self) -> str:
        """How the file is imported from where it was looked for."""
        parts = list(self.file.with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def candidates(folder: Path) -> list[Candidate]:
    """Return what a fuzz target can be made of in the Python files of a folder, the likeliest first.

    That is a function whose parameters say what it builds: one of them at least is a dimension, and it calls something
    of Keras' or returns a model by its name; or a model that stands in a module.
    """
    found: list[tuple[int, str, Candidate]] = []
    for file in sorted(folder.rglob("*.py")):
        place = file.relative_to(folder)
        hidden = any(part.startswith(".") or part in _ELSEWHERE for part in place.parts)
        if not hidden and not place.name.startswith(("test_", "conftest", "setup")):
            # What is no name as Python has them cannot be imported, and may be anything where it is written.
            for each in _in_file(file, place):
                usual = each.name.startswith(("build", "make", "create", "get")) or "model" in each.name.lower()
                if is_dotted(each.module):
                    found.append((2 * each.built + len(each.unknown) + (not usual), str(place), each))
    return [each for *_, each in sorted(found, key=lambda rated: rated[:2])]


def candidate_named(folder: Path, target: str) -> Candidate:
    """Return what ``path/to/file.py:name`` names; raises :class:`UsageError` with the nearest name."""
    reference = target_reference(target)
    name = reference.get("name", "")
    if not name or "file" not in reference:
        raise UsageError(f"{target!r} names no function in a file: give path/to/file.py:name.")
    place = Path(reference["file"])
    tree = tree_of(folder / place, str(place))
    there = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            there[node.name] = Candidate(file=place, name=node.name, unknown=_unknown(node))
        elif isinstance(node, ast.ClassDef):
            there[node.name] = Candidate(file=place, name=node.name)
        elif isinstance(node, ast.Assign) and not isinstance(node.value, _PLAIN):
            there |= {t.id: Candidate(file=place, name=t.id, built=_is_model(node.value)) for t in _names(node)}
    if name not in there:
        raise UsageError(f"{place} has no function, class or model {name!r}.{nearest(name, there)}")
    if not is_dotted(there[name].module):
        raise UsageError(
            f"{place} cannot be imported by its name: give a file in or below this folder whose path is of names as "
            "Python has them, my_models/translator.py for example."
        )
    return there[name]


def _in_file(file: Path, place: Path) -> Iterator[Candidate]:
    try:
        tree = tree_of(file, str(file))
    except UsageError:  # It holds no Python.
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _builds(node):
            yield Candidate(file=place, name=node.name, unknown=_unknown(node))
        elif isinstance(node, ast.Assign) and _is_model(node.value):
            for target in _names(node):
                yield Candidate(file=place, name=target.id, built=True)


def _names(node: ast.Assign) -> list[ast.Name]:
    return [target for target in node.targets if isinstance(target, ast.Name)]


def _builds(function: ast.FunctionDef) -> bool:
    parameters = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    if not any(dimension_of(parameter.arg) for parameter in parameters):
        return False
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))
    called = (ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call))
    return returns and any(text.startswith(_KERAS) or text.split(".")[-1].endswith(_LAYERS) for text in called)


def _is_model(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    text = ast.unparse(value.func)
    return text.split(".")[-1] in _MODELS or text.endswith(("models.load_model", "saving.load_model"))


def _unknown(function: ast.FunctionDef) -> tuple[str, ...]:
    places = (*function.args.posonlyargs, *function.args.args)
    bare = places[: len(places) - len(function.args.defaults)]
    named_only = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    needed = (*bare, *(parameter for parameter, default in named_only if default is None))
    return tuple(parameter.arg for parameter in needed if dimension_of(parameter.arg) is None)
