"""The cheap key of a failure, made at once: shrinking stays inside one."""

from __future__ import annotations

import re
from typing import Final

from fuzzseq.cases.case import Case
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.sanitize import masked, one_line

_LONGEST: Final = 160
_PATHS: Final = re.compile(r"(/[\w.\-]+)+")
_ARRAYS: Final = re.compile(r"\[[\s\d.,eE+\-\[\]]*\]")
_LISTS: Final = re.compile(r"[\[(][#\s,.\-None\[\]()]*[\])]")


def signature(verdict: Verdict) -> str:
    """Return the key of a failed verdict: check, stage, position, operation, exception, message without numbers.

    It stands in reports as it is, and a later run compares it: it is fit to leave.
    """
    raised = verdict.raised
    parts: tuple[str, ...] = (verdict.check, verdict.stage, verdict.position)
    if raised is not None and raised.ending != "completed":
        parts = (verdict.check, raised.stage, raised.ending, raised.exception)
    elif raised is not None:
        mode = "graph" if raised.mode == "graph" else ""
        message = plain(raised.message)
        parts = (verdict.check, raised.stage, raised.position, raised.op, raised.exception, mode, message)
    return one_line("|".join(parts))


def key_of(case: Case, verdict: Verdict) -> str:
    """Return the signature of a failure, apart from that of ordinary cases where the case is none of them."""
    key = signature(verdict)
    return key if case.domain == "ordinary" else f"{case.domain}|{key}"


def plain(message: str) -> str:
    """Return the first line of a message without numbers, shapes, names in quotes, paths and automatic suffixes."""
    text = (_ARRAYS.sub("[#]", masked(message)).splitlines() or [""])[0]
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", text)
    text = _PATHS.sub("/...", text)
    text = re.sub(r"(?<=[A-Za-z])(_\d+)+", "", text)
    text = re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "#", text)
    while True:
        shorter = re.sub(r"#([\s,]+#)+", "#", _LISTS.sub("#", text))
        if shorter == text:
            return text[:_LONGEST]
        text = shorter
