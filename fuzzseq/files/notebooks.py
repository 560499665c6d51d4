"""The cells of a notebook, read as Python."""

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
#: A line for IPython or the shell, with its continuations: ``%matplotlib inline``, ``!pip install``, ``model?``.
_MAGIC: Final = re.compile(
    r"(?P<kept>[^\S\n]*(?:[\w.]+(?:[^\S\n]*,[^\S\n]*[\w.]+)*[^\S\n]*=[^\S\n]*(?=[%!]))?)"
    r"(?P<line>(?:[%!?]|(?:pip|conda) install\b|[\w.*]+\?{1,2}[^\S\n]*$)(?:[^\\\n]|\\\n|\\.)*)",
    re.MULTILINE,
)
#: A part of Python's text that is looked through as one: strings, comments, a line's continuation, and what is none.
_PIECE: Final = re.compile(
    r"""(?s:(?P<long>\'\'\'|\"\"\")(?:\\.|.)*?(?P=long))|(?s:(?P<quote>['"])(?:\\.|[^\\\n])*?(?P=quote))"""
    r"""|\#[^\n]*|\\\n|[^'"\#\\\n()\[\]{}]+|(?s:.)"""
)
#: A cell in another language; what is timed or captured is Python.
_FOREIGN: Final = re.compile(r"\s*%%(?!(?:time|capture|prun)\b)")
#: How the code of cells is named.
_CELL: Final = re.compile(r"(?P<notebook>.+\.ipynb)#cell-(?P<number>\d{1,9})|<In \[(?P<live>\d{1,9})\]>")
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS: Final = (*FUNCTIONS, ast.ClassDef)


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
    text = "" if _FOREIGN.match(text) else re.sub(r"\r\n?", "\n", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Those of its own code are for whoever runs it.
            try:
                body = ast.parse(text).body
            except SyntaxError:
                text = _without_magics(text)
                body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"{shown}, cell {number}" + (f", line {line}" if line else "")
        said = getattr(error, "msg", None) or str(error) or type(error).__name__
        raise UsageError(f"{where} cannot be read as Python: {said}.") from None
    return Cell(number=number, text=text, body=tuple(body))


def _without_magics(text: str) -> str:
    """Return the text of a cell with what is for IPython or the shell as comments, where a statement can begin."""
    done, at, depth, begins = list[str](), 0, 0, True
    while at < len(text):
        magic = _MAGIC.match(text, at) if begins else None
        found = magic or _PIECE.match(text, at)
        piece = found.group() if found else text[at]
        # A name that gets the output of a command is known only where IPython is.
        held = "get_ipython()" if magic and magic["kept"].strip() else "pass"
        done.append(f"{magic['kept']}{held}  # {magic['line']}".replace("\n", "\n# ") if magic else piece)
        at += len(piece)
        depth = max(depth + (piece in "([{") - (piece in ")]}"), 0)
        begins = piece == "\n" and not depth
    return "".join(done)


def source_of(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the text of the statements of cells, the number of its cell before those of each."""
    for cell in cells:
        if cell.body:
            yield f"# Cell {cell.number}"
        for statement in cell.body:
            decorators = getattr(statement, "decorator_list", [])
            yield from (f"@{ast.get_source_segment(cell.text, each)}" for each in decorators)
            yield ast.get_source_segment(cell.text, statement) or ""
        if cell.body:
            yield ""


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds at the top of its cell, in blocks as well."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.comprehension):
            pending += [node.iter, *node.ifs]
        else:
            pending.extend(ast.iter_child_nodes(node))
