"""What the page shows of a finding that the finding does not say itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fuzzseq.findings import Finding, ShapeTrace, TraceLine
from fuzzseq.protocol.outcome import Frame
from fuzzseq.reporting.finding_view import messages_elsewhere
from fuzzseq.reporting.locations import located
from fuzzseq.sanitize import clean, cut
from fuzzseq.targets.dimensions import KNOWN
from fuzzseq.targets.spec import Spec

#: Characters of a message; a model may say as much as it likes.
MOST_CHARACTERS: Final = 3000


def calls_of(trace: ShapeTrace) -> list[tuple[TraceLine, bool]]:
    """Return the layers up to the failure, each with whether it is the first unlike that of the passing case."""
    last = max((i for i, line in enumerate(trace.lines) if line.outputs is None), default=len(trace.lines) - 1)
    # What a recurrent layer does in each step says nothing that the layer does not, unless the two part there.
    return [
        (line, i == trace.difference)
        for i, line in enumerate(trace.lines[: last + 1])
        if not line.kind.endswith("Cell") or line.outputs is None or i == trace.difference
    ]


def place_of(finding: Finding, frame: Frame) -> str:
    """Return where the user's line is: as its target was named, where the line is in its file; else from the root."""
    of_target = frame.file == finding.target.rpartition(":")[0]
    return f"{(frame if of_target else located(finding) or frame).place} in {frame.function}"


def source_of(frame: Frame) -> tuple[str, str, str]:
    """Return the user's line before, in and after the expression that failed."""
    source = clean(frame.source).strip()
    start, end = frame.start, frame.end
    if start is None or end is None or not 0 <= start < end <= len(source):
        start = end = 0
    return source[:start], source[start:end], source[end:]


def messages_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield what the model said, by mode where that differs, and what a dead one printed; or how the check failed."""
    raised = finding.exception
    if raised is None:
        yield f"{finding.check} failed", cut(finding.message, MOST_CHARACTERS)
        return
    yield raised.exception, cut(raised.message, MOST_CHARACTERS)
    for mode, other in messages_elsewhere(finding):
        yield f"in {mode} mode", cut(other, MOST_CHARACTERS)
    if raised.ending != "completed" and raised.output.strip():
        yield "last output", "\n".join(raised.output.strip().splitlines()[-20:])[-MOST_CHARACTERS:]


def marked_names(text: str, spec: Spec) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is the name of a dimension, as the user's factory has it."""
    names = {spec.contract.written[name] for name in KNOWN}
    pieces = re.split(rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\b", clean(text))
    return [(piece, bool(number % 2)) for number, piece in enumerate(pieces) if piece]
