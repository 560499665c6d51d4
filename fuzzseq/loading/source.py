"""What stands at the top of a user's file, read off its code: nothing of it is run."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest
from fuzzseq.files import notebooks
from fuzzseq.files.input_files import read_lines
from fuzzseq.targets.dimensions import dimension_of

#: The most bytes of a file that is read, far beyond what people write.
_MOST: Final = 16 * 1024**2
#: How many names are listed to choose from.
_LISTED: Final = 6
#: What can bind names of a module in ways that its code does not show.
_DYNAMIC: Final = frozenset(
    {"exec", "eval", "globals", "locals", "vars", "setattr", "__import__", "__dict__", "modules"}
)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES: Final = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@attrs.frozen(kw_only=True)
class Names:
    """The names at the top of a file.

    Attributes:
        bound: The names that its code binds, those of modules that it imports left out.
        complete: False where a name may be there that the code does not show.
        likely: The names of what looks like a fuzz target, those that are declared as one first.
        constants: The names that stand for nothing but a literal, each with its type.

    """

    bound: frozenset[str]
    complete: bool
    likely: tuple[str, ...]
    constants: dict[str, str]

    def refuse_missing(self, label: str, name: str) -> None:
        """Raise :class:`UsageError` where a file, called ``label``, cannot have a name."""
        first = name.partition(".")[0]
        if not self.complete or first in self.bound or (first.startswith("__") and first.endswith("__")):
            return
        more = len(self.likely) - _LISTED
        listed = ", ".join(self.likely[:_LISTED]) + (f" and {more} more" if more > 0 else "")
        there = f" What looks like a fuzz target there: {listed}." if listed else ""
        raise UsageError(f"{label} has no {first!r}.{nearest(first, sorted(self.bound))}{there}")


def names_in(path: Path, shown: str) -> Names:
    """Return the names at the top of a file; ``shown`` is how it is called in a message.

    Raises :class:`UsageError` for a file that cannot be read, or is no Python.
    """
    tree = tree_of(path, shown)
    bound = dict[str, ast.AST | None]()
    complete = True
    for name, node in _bindings(tree):
        complete = complete and name not in ("*", "__getattr__")
        # What is bound twice is not only what it was bound to first.
        bound[name] = None if name in bound else node
    complete = complete and not any(_name_of(node) in _DYNAMIC for node in ast.walk(tree))
    known = {name: node for name, node in bound.items() if not isinstance(node, ast.Import)}
    return Names(
        bound=frozenset(bound),
        complete=complete,
        likely=tuple(_likely(tree)),
        constants={name: type(node.value).__name__ for name, node in known.items() if isinstance(node, ast.Constant)},
    )


def is_file(path: Path) -> bool:
    """Say whether a file is there; one that nobody may look at, or whose name cannot be, is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def tree_of(path: Path, shown: str) -> ast.Module:
    """Return the code of a file; raises :class:`UsageError` for one that cannot be read, or is no Python."""
    if path.suffix == notebooks.SUFFIX:
        return ast.Module([each for cell in notebooks.cells_of(path, shown) for each in cell.body], [])
    text = _text(path, shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Those of its own code are for whoever imports it.
            return ast.parse(text)
    except SyntaxError as error:
        where = f"{shown}:{error.lineno}" if error.lineno else shown
        raise UsageError(f"{where} cannot be read as Python: {type(error).__name__}: {error.msg}.") from None
    except ValueError as error:
        raise UsageError(f"{shown} cannot be read as Python: {error}.") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{shown} cannot be read as Python: it is nested too deeply.") from None


def bytes_of(path: Path) -> bytes:
    """Return what a Python file holds; raises :class:`UsageError` for one that cannot be read."""
    advice = "Give a Python file, path/to/file.py:name"
    return b"".join(read_lines(path, advice=advice, most_of_a_line=_MOST, most=_MOST))


def _text(path: Path, shown: str) -> str:
    """Return the text of a Python file, which is UTF-8 unless its first lines say otherwise."""
    data = bytes_of(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{shown}:{line} is not {error.encoding.upper()} text (byte 0x{data[error.start]:02x}): save the file as "
            "UTF-8, or name its encoding in its first line."
        ) from None
    except (SyntaxError, LookupError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"{shown}:1 cannot be read as Python: {reason}. Save the file as UTF-8.") from None


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.AST | None]]:
    """Yield each name that the top of a file binds, in blocks as well, with the value or statement that it is."""
    pending: list[ast.AST] = [*reversed(tree.body)]
    while pending:
        node = pending.pop()
        yield from _bound_by(node)
        if isinstance(node, _SCOPES):
            # A name that is assigned within an expression is one of the module's.
            yield from ((each.target.id, None) for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
        elif _single_name(node) or isinstance(node, ast.AnnAssign):
            pending.extend(filter(None, (getattr(node, "value", None),)))
        else:
            pending.extend(ast.iter_child_nodes(node))
    yield from ((name, None) for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)


def _bound_by(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Yield the names that a node binds itself, what stands inside of it left out."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name, node
    elif isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name.partition(".")[0], node) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, node) for alias in node.names)
    elif name := _single_name(node):
        yield name, getattr(node, "value", None)
    elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, None
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, None
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, None


def maker_of(tree: ast.Module, name: str) -> str:
    """Return the function of a file whose call is what a name at its top was last assigned; empty for another value."""
    functions = {node.name for node in tree.body if isinstance(node, _FUNCTIONS)}
    values = [node.value for node in tree.body if isinstance(node, ast.Assign) and _single_name(node) == name]
    called = _name_of(values[-1].func) if values and isinstance(values[-1], ast.Call) else ""
    return called if called in functions else ""


def _single_name(node: ast.AST) -> str:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _likely(tree: ast.Module) -> Iterator[str]:
    """Yield the names of what looks like a fuzz target: what is declared as one, then what takes a dimension."""
    functions = [node for node in tree.body if isinstance(node, _FUNCTIONS) and not node.name.startswith("_")]
    named = [
        node
        for node in functions
        if node.name == "build"
        or any(_is_declaration(each) or _name_of(each) == "fuzz_target" for each in node.decorator_list)
    ]
    assigned = [
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_declaration(node.value)
    ]
    sized = [n for n in functions if any(dimension_of(each.arg) for each in (*n.args.args, *n.args.kwonlyargs))]
    found = [*(node.name for node in named), *assigned, *(node.name for node in sized)]
    others = [node.name for node in functions] if not found else []
    yield from dict.fromkeys([*found, *others])


def _is_declaration(value: ast.AST) -> bool:
    return isinstance(value, ast.Call) and _name_of(value.func) == "fuzz_target"
