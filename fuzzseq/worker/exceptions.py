"""The one seam at which a model's exceptions become plain data."""

from __future__ import annotations

import re
from typing import Any, Final

from fuzzseq.cases.case import Mode
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.outcome import Raised, Stage
from fuzzseq.protocol.user_frames import frames_told
from fuzzseq.sanitize import masked
from fuzzseq.worker.frames import symbolic_operator, user_frames
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.untouched import deepen, ends_process

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OP: Final = re.compile(r"\[Op:(\w+)\]")
_NODE: Final = re.compile(r"Detected at node (\S+)")
_NOISE: Final = re.compile(
    r'File "|Detected at node|Graph execution error:|<stack traces|\[\[|\]\]|Original stack trace'
)
#: What Keras says around an exception that a layer raised when it was called with symbols.
_UNINFERRED: Final = re.compile(
    r"Could not automatically infer the output shape / dtype of .*?Error encountered:\s*", re.DOTALL
)
_LONGEST: Final = 2000
#: What a class of exceptions may put a property of its own in the place of.
_trace: Any = BaseException.__dict__["__traceback__"]
_cause: Any = BaseException.__dict__["__cause__"]
_context: Any = BaseException.__dict__["__context__"]

#: TensorFlow's exception for a limit on memory that was met; Python's and numpy's are MemoryError.
_EXHAUSTED: Final = "ResourceExhaustedError"


def clean(message: str) -> str:
    """Return an exception's message without ANSI codes, Keras' preface and epilogue, and TensorFlow's node paths."""
    text = _ANSI.sub("", message)
    text = re.sub(r"^(\s*Exception encountered when calling .*?\.\s*\n+)+", "", text)
    text = re.split(r"(?:^|\n)\s*Arguments received by ", text)[0]
    text = _UNINFERRED.sub("", text)
    text = re.sub(r"\{\{(function_node|node) [^}]*\}\}\s*", "", text)
    text = re.sub(r"\s*\[Op:\w+\]( name:.*)?", "", text)
    text = re.sub(r"^in user code:\s*\n.*\n\s*(?=\w*(Error|Exception)\b)", "", text, flags=re.DOTALL)
    text = re.sub(r"\n\n?Stack trace for op definition:.*", "", text, flags=re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    # A secret is masked before its second half is cut off.
    return masked("\n".join(line for line in lines if line and not _NOISE.match(line)))[:_LONGEST]


def operation(message: str) -> str:
    """Return the TensorFlow operation that a message names, without its variant; empty where it names none."""
    found = _OP.search(message)
    if found and not found.group(1).startswith("__inference"):
        return plain_operation(found.group(1))
    found = _NODE.search(message) or re.search(r"\{\{node ([^}]+)\}\}", message)
    if found:
        last = found.group(1).rsplit("/", 1)[-1]
        return plain_operation(re.sub(r"_\d+$", "", last))
    found = re.search(r"__wrapped__(\w+?)_device", message)
    return plain_operation(found.group(1)) if found else ""


def plain_operation(name: str) -> str:
    """Return an operation's name without the marks of a library or a version: ``__MklMatMul`` is ``MatMul``."""
    return re.sub(r"V\d+$", "", re.sub(r"^_+(Mkl|OneDnn)?(Native)?", "", name))


def describe(
    error: BaseException, tracker: Tracker, stage: Stage = "build", mode: Mode = "eager", batch: int = 0
) -> Raised:
    """Return what an exception says, where it came from, and which layers were running.

    What ends the process is nothing that a check is about: it is raised again.
    """
    if ends_process(error):
        raise error
    deepen()  # A model may have left no depth to say it in.
    memory = _memory(error)
    raw = _ANSI.sub("", _message_of(memory or error))
    name, trace = name_of(type(error)), _trace.__get__(error)
    return Raised(
        stage=stage,
        exception=name,
        message=clean(raw) or name,
        op=operation(raw) or symbolic_operator(trace),
        mode=mode,
        layers=tracker.raised,
        frames=frames_told(raw) or user_frames(trace),
        call_site=tracker.raised_site or (tracker.loss_site if stage in ("loss", "gradient") else None),
        batch=batch,
        ending="out_of_memory" if memory else "completed",
    )


def _message_of(error: BaseException) -> str:
    """Return what an exception says: TensorFlow keeps that in an attribute."""
    try:
        message = error.message if hasattr(error, "message") else None
    except Exception:  # Whatever an attribute of the user's own raises.
        message = None
    return text_of(message if isinstance(message, str) and message else error)


def _memory(error: BaseException | None) -> BaseException | None:
    """Return the exception that means that a limit on memory was met, or None; Keras raises another in its place."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or name_of(type(error)) == _EXHAUSTED:
            return error
        seen.add(id(error))
        error = _cause.__get__(error) or _context.__get__(error)
    return None
