"""Which findings are one mistake of the model: what a mistake breaks is reported once."""

from __future__ import annotations

from fuzzseq.findings import Finding
from fuzzseq.protocol.evidence import WrongShape


def same_cause(one: Finding, other: Finding) -> bool:
    """Say whether two findings have one cause, in one place; either may stand for both."""
    places = {one.position, other.position}
    together = len(places) == 1 or _line(one) == _line(other) is not None or bool(places & {"output", "loss"})
    # No row and a row of nothing may break one line, and are two things to mend.
    return one.cause == other.cause and (together if one.cause != "input-empty" else len(places) == 1)


def explains(one: Finding, other: Finding) -> bool:
    """Say whether a finding explains another one, of whatever cause, that was seen after it.

    What raises at some sizes gives wrong values at others, and raises in other words where it comes to other shapes.
    """
    if one.provisional or one.domain != "ordinary" or other.domain != "ordinary" or one.severity != "error":
        return False
    modes = [finding.exception.mode for finding in (one, other) if finding.exception is not None]
    if len(set(modes)) > 1:
        return False  # What cannot be traced is another thing to mend.
    shapes = _of_shapes(one), _of_shapes(other)
    line = len(modes) > 1 and _line(one) == _line(other) is not None
    layer = any(shapes) and one.position == other.position and "/" in one.position
    region = all(shapes) and one.stage == other.stage and _within(_region(one), _region(other))
    return line or layer or region


def _line(finding: Finding) -> tuple[str, int | None, int] | None:
    """Return the user's line, whatever stands on it."""
    frame = finding.location
    return (frame.file, frame.cell, frame.line) if frame is not None else None


def _region(finding: Finding) -> frozenset[tuple[str, ...]]:
    """Return the facts that each part of its region compares; none where no rule is known, or every case fails."""
    return frozenset(finding.diagnosis.region.conditions if finding.diagnosis.region else ())


def _within(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    return bool(one and other) and (one <= other or other <= one)


def _of_shapes(finding: Finding) -> bool:
    """Say whether it raises, or gives an output of another shape: its process did not die, and no value is wrong."""
    raised = finding.exception is not None and finding.exception.ending == "completed"
    return raised or any(isinstance(each, WrongShape) for each in finding.failure_evidence)
