"""Which source files are the user's own, and the lines of theirs in the tracebacks that others write as text."""

from __future__ import annotations

import ast
import linecache
import re
import sysconfig
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files.input_files import read_text
from fuzzseq.files.notebooks import cell_of, cells_of, file_of_cell
from fuzzseq.protocol.outcome import Frame

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_FOREIGN: Final = tuple(
    {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
#: A line of a traceback: Python and TensorFlow put a comma before the function, ``faulthandler`` none.
_TRACEBACK_LINE: Final = re.compile(r'^\s*File "(.+)", line (\d{1,9}),? in (\S+)', re.MULTILINE)
_THREAD: Final = re.compile(r"^(?:Current thread|Thread) 0x.*$", re.MULTILINE)


@lru_cache(maxsize=4096)
def is_users(file: str) -> bool:
    """Say whether a source file is the user's own: no framework, no standard library, and not fuzzseq itself."""
    if file.startswith("<frozen") or file == "<string>" or "autograph_generated_file" in file:
        return False
    path = str(Path(file).resolve()) if not file.startswith("<") else file
    if path.startswith(str(_PACKAGE)):
        return path.startswith(str(_PACKAGE / "examples"))
    return not path.startswith(_FOREIGN) and "site-packages" not in path and "dist-packages" not in path


def keep_source(file: str, text: str) -> None:
    """Keep the text of code that is compiled under a name which is no file's: whoever shows a line of it asks here."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)


def frame_of(code_file: str, line: int, function: str, source: str) -> Frame:
    """Return the frame of a line of code, by the name that the code was compiled under."""
    file, cell = cell_of(code_file) or (code_file, None)
    return Frame(file=file, cell=cell, line=line, function=function, source=source.strip())


def traceback_frames(text: str) -> tuple[Frame, ...]:
    """Return the user's own frames of a traceback in its order."""
    return tuple(
        frame_of(file, int(line), function, _line(file, int(line)))
        for file, line, function in _TRACEBACK_LINE.findall(text)
        if is_users(file)
    )


def _lines(file: str) -> Sequence[str]:
    """Return the lines of a source file, none where it cannot be read: what prints a traceback may name any file."""
    if file in linecache.cache or file.startswith("<"):
        return linecache.getlines(file)
    try:
        if cell := cell_of(file):
            notebook, number = cell
            cells = cells_of(Path(notebook), notebook)
            return next((each.text.splitlines(keepends=True) for each in cells if each.number == number), ())
        return read_text(Path(file), advice="Name another file").splitlines(keepends=True)
    except UsageError:
        return ()


def _line(file: str, number: int) -> str:
    lines = _lines(file)
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def dumped_frames(text: str) -> tuple[Frame, ...]:
    """Return the user's own frames of what ``faulthandler`` wrote of a process's threads, outermost first.

    Of several threads that are in the user's code, the one is taken that works for fuzzseq.
    """
    threads = [part for part in _THREAD.split(text) if traceback_frames(part)]
    own = [part for part in threads if str(_PACKAGE / "worker") in part]
    return tuple(reversed(traceback_frames((own or threads or [""])[0])))


def last_assignment(frame: Frame, functions: Collection[str]) -> Frame:
    """Return the last line before a frame's that gave a name in its expression what one of some functions made.

    The frame itself where there is none.
    """
    tree = _tree(frame)
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _holds(node, frame.line)]
    body = list(ast.walk(inside[-1])) if inside else []
    named = {
        name.id
        for node in body
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef) and _holds(node, frame.line)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    lines = [
        node.lineno
        for node in body
        if isinstance(node, ast.Assign)
        and node.lineno < frame.line
        and any(isinstance(target, ast.Name) and target.id in named for target in node.targets)
        and any(isinstance(call, ast.Call) and _called(call) in functions for call in ast.walk(node.value))
    ]
    if not lines:
        return frame
    return attrs.evolve(frame, line=max(lines), source=_line(_file(frame), max(lines)), start=None, end=None)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _holds(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _file(frame: Frame) -> str:
    return frame.file if frame.cell is None else file_of_cell(frame.file, frame.cell)


def _tree(frame: Frame) -> ast.Module:
    """Return the syntax tree of the file or cell of a frame; an empty one where there is none to read."""
    try:
        return ast.parse("".join(_lines(_file(frame))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: nested too deeply
        return ast.Module(body=[], type_ignores=[])


def endless(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Return the frames of a process that hangs up to the innermost ``while`` that it is in, at the head of that loop.

    Where in its body the process was is chance. Frames without such a loop are returned as they are.
    """
    for depth in range(len(frames), 0, -1):
        frame = frames[depth - 1]
        loops = [node for node in ast.walk(_tree(frame)) if isinstance(node, ast.While)]
        heads = [loop.lineno for loop in loops if _holds(loop, frame.line)]
        if heads:
            head = max(heads)
            return (*frames[: depth - 1], attrs.evolve(frame, line=head, source=_line(_file(frame), head)))
    return frames
