"""The one seam at which a model's exceptions become plain data."""

from __future__ import annotations

from typing import Any, Final

from fuzzseq.cases.case import Mode
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Raised, Stage
from fuzzseq.protocol.user_frames import traceback_frames
from fuzzseq.worker.frames import symbolic_operator, user_frames
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.untouched import deepen, ends_process

#: What a class of exceptions may put a property of its own in the place of.
_trace: Any = BaseException.__dict__["__traceback__"]
_cause: Any = BaseException.__dict__["__cause__"]
_context: Any = BaseException.__dict__["__context__"]

#: TensorFlow's exception for a limit on memory that was met; Python's and numpy's are MemoryError.
_EXHAUSTED: Final = "ResourceExhaustedError"


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
    cause = memory or error
    try:  # TensorFlow keeps what an exception says in an attribute.
        text = cause.message if hasattr(cause, "message") else None
    except Exception:  # Whatever an attribute of the user's own raises.
        text = None
    message = FrameworkMessage(text_of(text if isinstance(text, str) and text else cause))
    name, trace = name_of(type(error)), _trace.__get__(error)
    if tracker.lineage is not None:
        tracker.lineage.raised(trace, tracker.raised_given, traced=mode == "graph")
    return Raised(
        stage=stage,
        exception=name,
        message=message.cleaned or name,
        op=message.operation or symbolic_operator(trace),
        mode=mode,
        layers=tracker.raised,
        frames=traceback_frames(message.plain) or user_frames(trace),
        call_site=tracker.raised_site or (tracker.loss_site if stage in ("loss", "gradient") else None),
        batch=batch,
        ending="out_of_memory" if memory else "completed",
    )


def _memory(error: BaseException | None) -> BaseException | None:
    """Return the exception that means that a limit on memory was met, or None; Keras raises another in its place."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or name_of(type(error)) == _EXHAUSTED:
            return error
        seen.add(id(error))
        error = _cause.__get__(error) or _context.__get__(error)
    return None
