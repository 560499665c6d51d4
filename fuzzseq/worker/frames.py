"""The user's own lines on a traceback and on a stack."""

from __future__ import annotations

import inspect
import linecache
from collections import deque
from collections.abc import Iterator
from itertools import islice
from traceback import walk_tb
from types import CodeType, FrameType, TracebackType
from typing import Final

import attrs

from fuzzseq.protocol.outcome import Frame
from fuzzseq.protocol.user_frames import frame_of, is_users
from fuzzseq.worker.keras_api import KERAS

#: Where a frame is: its code, its line, and its last instruction.
Position = tuple[CodeType, int, int]
#: How many frames of one traceback are kept.
_MOST_FRAMES: Final = 100


def user_frames(trace: TracebackType | None) -> tuple[Frame, ...]:
    """Return the user's own frames of a traceback, outermost first; those in the middle of a deep one are left out."""
    first: list[Position] = []
    last: deque[Position] = deque(maxlen=_MOST_FRAMES // 2)
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_users(code.co_filename):
            (first if len(first) < _MOST_FRAMES // 2 else last).append((code, trace.tb_lineno, trace.tb_lasti))
        trace = trace.tb_next
    return tuple(map(frame_at, (*first, *last)))


def calling_frame() -> Frame | None:
    """Return the innermost frame of the user's on the stack that leads here."""
    frame = inspect.currentframe()
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return None if frame is None else frame_at(position_of(frame))


def users_stack(below: CodeType) -> list[FrameType]:
    """Return the user's own frames that ``below``, a function of ours, leads to, outermost first."""
    frame, found = inspect.currentframe(), list[FrameType]()
    while frame is not None and frame.f_code is not below:
        if is_users(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found[::-1]


def position_of(frame: FrameType) -> Position:
    """Return where a frame is now."""
    return frame.f_code, frame.f_lineno, frame.f_lasti


def symbolic_operator(trace: TracebackType | None) -> str:
    """Return the operator between symbolic tensors that raised, as ``Add``; empty where it was none."""
    names = (frame.f_code.co_name for frame, _ in walk_tb(trace) if KERAS.is_operator(frame.f_code))
    return next(names, "").strip("_").capitalize()


def frame_at(position: Position) -> Frame:
    """Return one frame; the columns are those of the stripped source, where the expression stands on one line."""
    code, line, last = position
    text = linecache.getline(code.co_filename, line).rstrip("\n")
    frame = frame_of(code.co_filename, line, code.co_name, text)
    positions: Iterator[tuple[int | None, int | None, int | None, int | None]] | None
    positions = getattr(code, "co_positions", lambda: None)()  # Python 3.10 does not tell
    found = next(islice(positions, last // 2, None), None) if positions is not None and last >= 0 else None
    if found is None or found[0] != line or found[2] is None:
        return frame
    first, last_line, start, end = found
    raw, indent = text.encode(), len(text) - len(text.lstrip())
    before = len(raw[:start].decode(errors="replace"))
    after = len(raw[:end].decode(errors="replace")) if first == last_line and end is not None else len(text)
    inside = indent <= before < after
    return attrs.evolve(frame, start=before - indent, end=after - indent) if inside else frame
