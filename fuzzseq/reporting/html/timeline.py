"""When what happened: a lane for each target, drawn over the seconds of the run."""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.events import (
    CaseExecuted,
    Event,
    FailureObserved,
    FindingReported,
    TargetFinished,
    TargetLoaded,
)
from fuzzseq.reporting.run_state import RunState

#: How wide the drawing is, in its own units.
WIDTH: Final = 1000
#: Lanes that are drawn; the table beside them holds all.
_LANES: Final = 40
_PARTS: Final = 100
#: What a tick of the axis may stand for, in seconds.
_TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)


@attrs.define
class Lane:
    """What is known of one target in time: seconds from the beginning of the run."""

    target: str
    began: float
    ended: float
    finished: bool = False
    cases: list[float] = attrs.field(factory=list)
    failures: list[float] = attrs.field(factory=list)
    findings: list[float] = attrs.field(factory=list)

    def busy(self, seconds: float) -> str:
        """Return the path of its cases on an axis of so many seconds: those of one hundredth of it are drawn as one."""
        width = WIDTH // _PARTS
        parts = sorted({min(int(at / seconds * _PARTS), _PARTS - 1) for at in self.cases})
        return "".join(f"M{part * width} 0h{width}v1h-{width}z" for part in parts)


@attrs.frozen(kw_only=True)
class Line:
    """The time line of a run: its lanes, and the axis; ``more`` lanes are not drawn."""

    seconds: float
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    more: int


class Timeline:
    """Notes when each target began, tried its cases, failed and was done."""

    def __init__(self, record: RunState) -> None:
        self._record = record
        self._lanes: dict[str, Lane] = {}
        self._last = 0.0

    def on_event(self, event: Event) -> None:
        """Take one event."""
        # As the log of events rounds it: a page that is made again has the same times.
        at = self._last = round(self._record.now, 3)
        match event:
            case TargetLoaded(target=target):
                self._lane(target, at)
            case CaseExecuted(target=target):
                self._lane(target, at).cases.append(at)
            case FailureObserved(target=target):
                self._lane(target, at).failures.append(at)
            case FindingReported(finding=finding):
                self._lane(finding.target, at).findings.append(at)
            case TargetFinished(report=report) if not report.error:
                self._lane(report.name, at).finished = True
            case _:
                pass

    def _lane(self, target: str, at: float) -> Lane:
        """Return the lane of a target, which lasts until now."""
        lane = self._lanes.setdefault(target, Lane(target, at, at))
        lane.ended = at
        return lane

    def drawn(self) -> Line:
        """Return the time line as it is drawn, targets in the order in which they were asked for."""
        whole = max(self._last, 0.001)
        step = next((tick for tick in _TICKS if whole / tick <= 7), _TICKS[-1])
        lanes = sorted(self._lanes.values(), key=lambda lane: (self._record.place(lane.target), lane.began))
        return Line(
            seconds=whole,
            lanes=tuple(lanes[:_LANES]),
            ticks=tuple((round(n * step * WIDTH / whole, 1), clock(n * step)) for n in range(int(whole / step) + 1)),
            more=max(0, len(lanes) - _LANES),
        )


def clock(seconds: float) -> str:
    """Return a time as a person says it: ``4.5 s``, ``2 min 5 s``, ``1 h 20 min``."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"
