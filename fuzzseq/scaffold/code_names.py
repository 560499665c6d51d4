"""What the names in a file of a project stand for, read off its imports: nothing is imported."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

#: The modules that hold what Keras 3 and tf-keras have by the same names.
_KERAS: Final = ("tensorflow.compat.v2.keras", "tensorflow.python.keras", "tensorflow.keras", "keras.src", "tf_keras")
#: How often an alias may be made of another.
_MOST_ALIASES: Final = 4
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class CodeNames:
    """A file of a project: its statements, and what its names stand for.

    Attributes:
        place: The file, from the folder of the project.
        tree: Its code.
        top: The statements that its import runs, those in blocks included.
        main: Those that run only where it is started as a program.
        definitions: The functions and classes at its top by name, as its last lines leave them.

    """

    def __init__(self, place: Path, tree: ast.Module) -> None:
        self.place, self.tree = place, tree
        self.top: list[ast.stmt] = []
        self.main: list[ast.stmt] = []
        self._sort(tree.body, self.top)
        self._aliases: dict[str, str] = {}
        self._stars: list[str] = []
        self._read_imports()
        self.definitions = {node.name: node for node in self.top if isinstance(node, (*FUNCTIONS, ast.ClassDef))}

    def _sort(self, body: Iterable[ast.stmt], into: list[ast.stmt]) -> None:
        for node in body:
            into.append(node)
            if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
                self._sort(node.body, self.main)
                self._sort(node.orelse, into)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                for name in ("body", "orelse", "finalbody"):
                    self._sort(getattr(node, name, ()), into)
                for handler in getattr(node, "handlers", ()):
                    self._sort(handler.body, into)

    def _read_imports(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._aliases.setdefault(alias.asname or whole, whole)
            elif isinstance(node, ast.ImportFrom):
                origin = node.module or ""
                self._stars += [origin for alias in node.names if alias.name == "*"]
                for alias in node.names:
                    self._aliases.setdefault(alias.asname or alias.name, f"{origin}.{alias.name}".lstrip("."))
        for node in self.top:  # keras = tf.keras
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
                for target in node.targets:
                    if isinstance(target, ast.Name) and _dotted(node.value):
                        self._aliases.setdefault(target.id, _dotted(node.value))

    def full(self, node: ast.AST) -> str:
        """Return the dotted name that an expression stands for, Keras' modules under ``keras``; empty for no name."""
        name = _dotted(node)
        if self._stars and name.isidentifier() and name not in {*self.definitions, *self._aliases}:
            name = f"{next((each for each in self._stars if 'keras' in each), self._stars[0])}.{name}"
        for _ in range(_MOST_ALIASES):
            first, _, rest = name.partition(".")
            whole = self._aliases.get(first, first)
            name = f"{whole}.{rest}" if rest else whole
            if whole.partition(".")[0] == first:
                break
        for module in _KERAS:
            if name == module or name.startswith(f"{module}."):
                return f"keras{name[len(module) :]}"
        return name

    def imported(self) -> Iterator[str]:
        """Yield the first names of the modules that the file imports by their whole names."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0]

    @property
    def imports_relatively(self) -> bool:
        """Whether it imports what stands beside it by a dot: it works in its package alone."""
        return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(self.tree))


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a function or a statement, what functions and classes in it hold left out."""
    pending = deque(ast.iter_child_nodes(function))
    while pending:
        node = pending.popleft()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    before = _dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else ""
