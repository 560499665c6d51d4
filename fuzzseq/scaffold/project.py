"""The code of a project, and which of its functions and classes give a model when they are called."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from fuzzseq.scaffold.code_names import FUNCTIONS, CodeNames, Function
from fuzzseq.scaffold.returned import Kind, Returned, framework_kind

#: How often definitions are looked at again which are made of one another.
_ROUNDS: Final = 6


class Project:
    """The files of a project.

    Attributes:
        anywhere: What a call of a definition gives, by its name in whatever file.

    """

    def __init__(self, files: Sequence[CodeNames]) -> None:
        self._classes: dict[str, tuple[CodeNames, ast.ClassDef]] = {}
        self._kinds: dict[tuple[str, str], Kind] = {}
        self.anywhere: dict[str, Kind] = {}
        self.returned = Returned(self._kinds, self.anywhere)
        defined = [(names, name, node) for names in files for name, node in names.definitions.items()]
        for names, name, node in defined:
            if isinstance(node, ast.ClassDef):
                self._classes.setdefault(name, (names, node))
        for _ in range(_ROUNDS):
            news = [self._note(names, name) for names, name, _ in defined]
            if not any(news):
                break
        self._users: dict[str, list[str]] = {}
        for names, name, node in defined:
            parts = {names.full(each) for each in calls(node)} if self.kind(names, name) == "model" else ()
            for part in parts:
                if framework_kind(part) == "unknown":
                    self._users.setdefault(part.rpartition(".")[2], []).append(f"{names.place}:{name}")

    def kind(self, names: CodeNames, name: str) -> Kind:
        """Return what a call of a definition of a file gives."""
        return self._kinds.get((str(names.place), name), "unknown")

    def users(self, label: str, name: str) -> list[str]:
        """Return the definitions that make a model with one of a name, but for that one itself, called ``label``."""
        return [user for user in self._users.get(name, ()) if user != label]

    def method(self, names: CodeNames, node: ast.ClassDef, name: str, depth: int = 0) -> Function | None:
        """Return a method of a class, or of one of the project that it is derived from."""
        own = next((each for each in node.body if isinstance(each, FUNCTIONS) and each.name == name), None)
        if own is not None or depth > _ROUNDS:
            return own
        for found in filter(None, (self._class_of(names, base) for base in node.bases)):
            if found[1] is not node and (inherited := self.method(*found, name, depth + 1)):
                return inherited
        return None

    def _note(self, names: CodeNames, name: str) -> bool:
        """Take note of what a call of a definition gives; say whether that is news."""
        node, key = names.definitions[name], (str(names.place), name)
        if isinstance(node, ast.ClassDef):
            kind = self._kind_of_class(names, node, 0)
        else:
            kind = self.returned.of_function(names, node)
        news = kind != "unknown" and self._kinds.get(key) != kind
        if news:
            self._kinds[key] = kind
            if self.anywhere.get(name) != "model":
                self.anywhere[name] = kind
        return news

    def _kind_of_class(self, names: CodeNames, node: ast.ClassDef, depth: int) -> Kind:
        """Return whether objects of a class are models, or layers."""
        for base in node.bases if depth < _ROUNDS else ():
            kind = framework_kind(names.full(base))
            if kind == "unknown" and (found := self._class_of(names, base)) and found[1] is not node:
                kind = self._kind_of_class(*found, depth + 1)
            if kind in ("model", "layer"):
                return kind
        return "unknown"

    def _class_of(self, names: CodeNames, base: ast.expr) -> tuple[CodeNames, ast.ClassDef] | None:
        last = names.full(base).rpartition(".")[2]
        own = names.definitions.get(last)
        return (names, own) if isinstance(own, ast.ClassDef) else self._classes.get(last)


def calls(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what is called in a piece of code."""
    yield from (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
