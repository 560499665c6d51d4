"""The code of a notebook that a model is made of: what defines it, and nothing that trains."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files.input_files import NotJson, json_of, read_text

SUFFIX: Final = ".ipynb"
#: A line for IPython or the shell: ``%matplotlib inline``, ``!pip install``, ``model.summary?``.
_MAGIC: Final = re.compile(r"^(?P<indent>\s*)(?:[%!?]|\w+\s*=\s*[%!]|.*\?\s*$)", re.MULTILINE)
#: How settings are made that hold for all that follows: ``sys.path.append``, ``tf.random.set_seed``.
_SETTING: Final = re.compile(r"^(sys\.path|os\.environ)\.\w+$|(^|\.)(set|enable|disable)_\w+$")
#: What trains a model, or runs one over data.
_TRAINING: Final = frozenset({"fit", "fit_generator", "train_on_batch", "evaluate", "predict", "adapt"})
#: How the code of cells is named.
_CELL: Final = re.compile(r"(?P<notebook>.+\.ipynb)#cell-(?P<number>\d{1,9})|<In \[(?P<live>\d{1,9})\]>")
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@attrs.frozen(kw_only=True)
class Cell:
    """A cell of code: its number among those of code, from 1, its text, and its statements."""

    number: int
    text: str
    body: tuple[ast.stmt, ...]


def file_of_cell(notebook: str, number: int) -> str:
    """Return what the code of a cell is compiled under; without a ``notebook`` it is a cell of a live kernel."""
    return f"{notebook}#cell-{number}" if notebook else f"<In [{number}]>"


def cell_of(file: str) -> tuple[str, int] | None:
    """Return the notebook and the number of the cell that :func:`file_of_cell` has named; None for another file."""
    found = _CELL.fullmatch(file)
    return (found["notebook"] or "", int(found["number"] or found["live"])) if found else None


def live_shell() -> object:
    """Return IPython's shell where this process runs the cells of one; None elsewhere. It is not loaded for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def cells_of(path: Path, shown: str) -> tuple[Cell, ...]:
    """Return the cells of a notebook that hold Python; ``shown`` is how it is called in a message.

    Raises :class:`UsageError` for a file that cannot be read, is no notebook, or holds code that is no Python.
    """
    advice = "Give a notebook that Jupyter saved, path/to/notebook.ipynb:name"
    try:
        notebook = json_of(read_text(path, advice=advice))
    except NotJson as error:
        raise UsageError(f"{shown} is not a notebook: {error}. {advice}.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        older = isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list)
        why = "its format is older than 4: open it in Jupyter and save it" if older else f"it has no cells. {advice}"
        raise UsageError(f"{shown} is not a notebook that can be read: {why}.")
    codes = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return tuple(_cell(number, cell.get("source"), shown) for number, cell in enumerate(codes, 1))


def _cell(number: int, source: object, shown: str) -> Cell:
    text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    # A cell that begins with %% is another language, or all of it is timed.
    python = "" if text.lstrip().startswith("%%") else _MAGIC.sub(r"\g<indent>pass  # \g<0>", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Those of its own code are for whoever runs it.
            body = ast.parse(python).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"{shown}, cell {number}" + (f", line {line}" if line else "")
        said = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise UsageError(f"{where} cannot be read as Python: {said}.") from None
    return Cell(number=number, text=text, body=tuple(body))


def needed(cells: Sequence[Cell], name: str) -> tuple[Cell, ...]:
    """Return cells with the statements that a name at their top needs, and settings that hold for all: no training.

    Needed is what binds the name, what binds a name that is read there, and so on: a data set is loaded where the model
    is made of it, and only there. An expression, a loop and a training are not run.
    """
    statements = [(cell, statement) for cell in cells for statement in cell.body]
    wanted, kept = {name}, set[int]()
    grown = True
    while grown:
        grown = False
        for _, statement in statements:
            bound = set(bound_names(statement))
            if id(statement) not in kept and (_is_setting(statement) or (bound & wanted and not _runs(statement))):
                kept.add(id(statement))
                wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
                grown = True
    return tuple(attrs.evolve(cell, body=tuple(each for each in cell.body if id(each) in kept)) for cell in cells)


def source_of(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the lines of the statements of cells, the number of its cell before those of each."""
    for cell in cells:
        lines = cell.text.splitlines()
        if cell.body:
            yield f"# Cell {cell.number}"
        for statement in cell.body:
            decorators = getattr(statement, "decorator_list", [])
            first = min([statement.lineno, *(each.lineno for each in decorators)])
            yield from lines[first - 1 : statement.end_lineno]
        if cell.body:
            yield ""


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds at the top of its cell, in blocks as well."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        else:
            pending.extend(ast.iter_child_nodes(node))


def _is_setting(statement: ast.stmt) -> bool:
    """Say whether a statement sets something for all code that follows it: an environment variable, a seed."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Subscript | ast.Attribute) for target in statement.targets) and not any(
            isinstance(node, ast.Call) for node in ast.walk(statement)
        )
    called = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(called, ast.Call) and bool(_SETTING.search(ast.unparse(called.func)))


def _runs(statement: ast.stmt) -> bool:
    """Say whether a statement does more than to define: it loops, or trains."""
    if isinstance(statement, _DEFINITIONS):
        return False
    if isinstance(statement, ast.Expr | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith):
        return True
    calls = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(isinstance(function, ast.Attribute) and function.attr in _TRAINING for function in calls)
